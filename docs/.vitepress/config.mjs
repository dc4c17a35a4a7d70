// The documentation site. `cargo xtask docs` builds it.

import { defineConfig } from 'vitepress';

const page = (text, link) => ({ text, link });

export default defineConfig({
  title: 'heliogram',
  description: 'UDP sockets for Rust, Node, Deno and Bun, and on the command line',
  lang: 'en',
  lastUpdated: false,
  srcExclude: ['README.md'],
  cacheDir: '../target/docs-cache',
  markdown: { languageAlias: { mjs: 'js', 'rust,ignore': 'rust', 'rust,no_run': 'rust' } },
  vite: { publicDir: false },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [page('Start', '/'), page('Guide', '/guide/statsd-sink'), page('Tuning', '/tuning'), page('Results', '/performance/results')],
    sidebar: [
      { text: 'Start', items: [page('Start', '/'), page('Migrating from node:dgram', '/node/migrating')] },
      {
        text: 'Guide',
        items: [
          page('statsd sink', '/guide/statsd-sink'),
          page('DNS server', '/guide/dns-server'),
          page('mDNS discovery', '/guide/mdns-discovery'),
          page('DHCP server', '/guide/dhcp-server'),
          page('Syslog receiver', '/guide/syslog-receiver'),
          page('Game server', '/guide/game-server'),
          page('Paced video with fan-out', '/guide/video'),
          page('Metrics on unix datagrams', '/guide/unix-metrics'),
          page('Several processes on one port', '/guide/shared-port'),
          page('Graceful shutdown', '/guide/shutdown'),
        ],
      },
      {
        text: 'JavaScript',
        items: [
          page('Beyond node:dgram', '/node/additions'),
          page('Observable differences', '/node/differences'),
          page('Statements of behaviour', '/behaviour'),
          page('Deno', '/node/deno'),
          page('Bun', '/node/bun'),
          page('Bundlers and test frameworks', '/node/bundlers'),
        ],
      },
      {
        text: 'Rust',
        items: [
          page('By use case', '/rust/'),
          page('One to one', '/rust/one-to-one'),
          page('One to many', '/rust/one-to-many'),
          page('Batches, GSO and GRO', '/rust/batches'),
          page('Several addresses', '/rust/several-addresses'),
          page('Multicast', '/rust/multicast'),
          page('QUIC', '/rust/quic'),
          page('Your own reactor', '/rust/reactor'),
          page('Coming from another crate', '/rust/coming-from'),
        ],
      },
      { text: 'Command', items: [page('Command', '/command')] },
      {
        text: 'Operation',
        items: [page('Tuning', '/tuning'), page('Scaling', '/scaling'), page('Platforms', '/platforms')],
      },
      {
        text: 'Background',
        items: [
          page('How it works', '/architecture'),
          page('Decisions', '/decisions'),
          page('What others have', '/comparison'),
          page('Results', '/performance/results'),
          page('Lab notes', '/performance/lab-notes'),
        ],
      },
    ],
  },
});
