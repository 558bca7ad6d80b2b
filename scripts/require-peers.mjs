// Makes sure that the programs the test suite runs against are here. On Debian as root what is missing is installed;
// elsewhere this stops and says what to install. Nothing is skipped in silence.
//
//   node scripts/require-peers.mjs [--only etcd,etcdctl,nats,python,protoc,promtool,openssl,kubectl,kamailio,chromium]
import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian's interpreter, by its path: another one earlier in PATH does not see Debian's python packages. */
const PYTHON = '/usr/bin/python3';

const PEERS = {
  etcd: { what: 'etcd', packages: ['etcd-server'], present: () => onPath('etcd') },
  // Saves and restores, as the runbooks do.
  etcdctl: { what: 'etcdctl', packages: ['etcd-client'], present: () => onPath('etcdctl') },
  nats: { what: 'nats-server', packages: ['nats-server'], present: () => onPath('nats-server') },
  python: {
    what: `${PYTHON} with grpcio and protobuf`,
    packages: ['python3', 'python3-grpcio', 'python3-protobuf'],
    present: () => spawnSync(PYTHON, ['-c', 'import grpc, google.protobuf'], { stdio: 'ignore' }).status === 0,
  },
  protoc: {
    what: 'protoc with grpc_python_plugin',
    packages: ['protobuf-compiler', 'protobuf-compiler-grpc'],
    present: () => onPath('protoc') && onPath('grpc_python_plugin'),
  },
  // Checks and runs the alert rules of deploy/monitoring.
  promtool: { what: 'promtool', packages: ['prometheus'], present: () => onPath('promtool') },
  // Makes the certificates of tests.
  openssl: { what: 'openssl', packages: ['openssl'], present: () => onPath('openssl') },
  // Renders the overlays of deploy/k8s, whose syntax every version from 1.14 on takes; Debian's is 1.20.
  kubectl: { what: 'kubectl', packages: ['kubernetes-client'], present: () => onPath('kubectl') },
  kamailio: {
    what: 'kamailio with its nats, presence, sqlite and extra modules, and sqlite3',
    packages: [
      ...['kamailio', 'kamailio-nats-modules', 'kamailio-presence-modules', 'kamailio-sqlite-modules'],
      ...['kamailio-extra-modules', 'sqlite3'],
    ],
    present: () => onPath('sqlite3') && kamailioHas('nats', 'presence_dialoginfo', 'db_sqlite', 'jansson', 'ipops'),
  },
  // The browser that the park board is tested in.
  chromium: { what: 'chromium', packages: ['chromium'], present: () => onPath('chromium') },
  // What the bench compares with.
  redis: {
    what: 'redis-server',
    packages: ['redis-server'],
    present: () => onPath('redis-server'),
    onlyWhenAsked: true,
  },
  // The phones of the suite against a real switch, which is no part of `npm test`.
  sipp: { what: 'sipp', packages: ['sip-tester'], present: () => onPath('sipp'), onlyWhenAsked: true },
};

/** Modules have no program: where Debian puts them on this architecture differs. */
function kamailioHas(...modules) {
  const roots = ['/usr/lib', '/usr/lib64', '/usr/local/lib', '/usr/local/lib64'];
  const beside = roots.flatMap((root) =>
    existsSync(root) ? [root, ...readdirSync(root).map((name) => join(root, name))] : [],
  );
  const has = (directory) => modules.every((name) => existsSync(join(directory, 'kamailio/modules', `${name}.so`)));
  return onPath('kamailio') && beside.some(has);
}

function onPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function wanted() {
  const at = process.argv.indexOf('--only');
  if (at < 0) return Object.keys(PEERS).filter((name) => PEERS[name].onlyWhenAsked !== true);
  const names = (process.argv[at + 1] ?? '').split(',').filter((name) => name !== '');
  const unknown = names.filter((name) => !(name in PEERS));
  if (names.length > 0 && unknown.length === 0) return names;
  fail(`--only takes some of ${Object.keys(PEERS).join(',')}${unknown.length > 0 ? `, not ${unknown.join(',')}` : ''}`);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

function isDebian() {
  try {
    return /^(ID|ID_LIKE)=.*\bdebian\b/m.test(readFileSync('/etc/os-release', 'utf8')) && onPath('apt-get');
  } catch {
    return false;
  }
}

function apt(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  execFileSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env });
}

/** Installs without starting any daemon: Debian's packages ask policy-rc.d, and 101 says no. */
function install(packages) {
  const policy = '/usr/sbin/policy-rc.d';
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    console.log('require-peers: apt-get update');
    apt(['update', '-qq']);
    console.log(`require-peers: apt-get install ${packages.join(' ')}`);
    apt(['install', '-qq', '-y', '--no-install-recommends', ...packages]);
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
}

const names = wanted();
const missing = names.filter((name) => !PEERS[name].present());
if (missing.length > 0) {
  const packages = missing.flatMap((name) => PEERS[name].packages);
  const what = missing.map((name) => PEERS[name].what).join('; ');
  const words = `  apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (!isDebian()) {
    fail(
      `The tests need what is not on this machine: ${what}.\nInstall it so that it is in PATH; on Debian the words are:\n${words}`,
    );
  }
  if (process.getuid?.() !== 0) fail(`The tests need what is not on this machine: ${what}.\nAs root:\n${words}`);
  console.log(`require-peers: missing: ${what}`);
  try {
    install(packages);
  } catch (error) {
    fail(`Installing failed: ${error instanceof Error ? error.message : String(error)}\nAs root:\n${words}`);
  }
  const still = missing.filter((name) => !PEERS[name].present());
  if (still.length > 0) {
    fail(`Installed, and still not usable: ${still.map((name) => PEERS[name].what).join('; ')}`);
  }
}
console.log(`require-peers: here: ${names.map((name) => PEERS[name].what).join('; ')}`);
