import { useEffect, useState } from 'preact/hooks';

export type Page = 'calls' | 'cluster';

function pageOf(hash: string): Page {
  return hash === '#cluster' ? 'cluster' : 'calls';
}

/** Which view the address names. */
export function usePage(): Page {
  const [page, setPage] = useState(pageOf(location.hash));
  useEffect(() => {
    // The link to skip to the content is no view.
    const onChange = (): void => {
      if (location.hash !== '#main') setPage(pageOf(location.hash));
    };
    addEventListener('hashchange', onChange);
    return () => removeEventListener('hashchange', onChange);
  }, []);
  return page;
}
