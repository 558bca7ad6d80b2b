// Writes the alert rules of deploy/monitoring as an object of the Prometheus operator into the production overlay. A test holds
// both to be the same.
//
//   node scripts/render-alerts.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const deploy = (path) => fileURLToPath(new URL(`../deploy/${path}`, import.meta.url));
const rules = readFileSync(deploy('monitoring/rules/parkade.rules.yml'), 'utf8');
const groups = rules.slice(rules.indexOf('groups:'));

writeFileSync(
  deploy('k8s/overlays/production/alerts.yaml'),
  `# Made by \`npm run k8s:alerts\` from deploy/monitoring/rules/parkade.rules.yml: change it there.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: parkade
  labels:
    app.kubernetes.io/part-of: parkade
spec:
${groups.replace(/^(?=.)/gm, '  ')}`,
);
