import { defineConfig } from 'vite';

// The page is served under /board/ by the gateway, with a Content-Security-Policy that allows no inline script or style.
export default defineConfig({
  base: '/board/',
  build: { outDir: 'dist/page', assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: 'es2022' },
});
