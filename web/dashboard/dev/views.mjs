// Views for the dashboard without a server: recorded ones (fixtures/NAME.json), and synthetic ones of
// any size. Numbers are made by a seeded generator, so the same size gives the same bytes.
import { existsSync, readFileSync } from 'node:fs';

export function random(seed) {
  // Mulberry32 (public domain, Tommy Ettinger).
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const kHostile = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '=cmd|\'/c calc\'!A1',
  '../../../etc/passwd',
  'javascript:alert(1)',
  '\u202Eeman desrever\u202C مرحبا بالعالم',
  '👩‍👩‍👧‍👦🇦🇹 emoji 💥',
  `${'Very long name without an end '.repeat(10)}`.slice(0, 300),
  'a'.repeat(300),
  '{{constructor.constructor("alert(1)")()}}',
  "Robert'); DROP TABLE campaigns;--",
  'null',
];

const column = (name, title, kind, truth = 'none', better = 0, group = '', unit = '') => ({
  name, title, kind, truth, unit, help: '', better, group,
});
const metrics = [
  column('spend', 'Spend', 'money', 'claimed'),
  column('impressions', 'Impressions', 'count', 'claimed'),
  column('clicks', 'Clicks', 'count', 'claimed', 1),
  column('conversions', 'Conversions', 'real', 'claimed', 1),
  column('revenue', 'Revenue', 'money', 'claimed', 1),
  column('cpa', 'CPA', 'money', 'claimed', -1),
  column('roas', 'ROAS', 'real', 'claimed', 1),
];
const money = (value) => ({ amount: value.toFixed(2), currency: 'EUR' });
function numbers(next) {
  const spend = 20 + next() * 900;
  const impressions = Math.round(spend * (90 + next() * 120));
  const clicks = Math.round(impressions * (0.004 + next() * 0.03));
  const conversions = Math.round(clicks * (0.01 + next() * 0.05) * 10) / 10;
  const revenue = conversions * (20 + next() * 90);
  return [money(spend), impressions, clicks, conversions, money(revenue), conversions > 0 ? money(spend / conversions) : null, spend > 0 ? revenue / spend : null];
}

const kPlatforms = ['google_ads', 'meta', 'tiktok'];
/** Rows of `count` campaigns over clients and accounts, the same for the same count. */
export function campaignsView(count, clients, client) {
  const next = random(7);
  const rows = [];
  for (let i = 0; i < count; i += 1) {
    const whose = clients[i % clients.length];
    const cells = numbers(next);
    if (client && whose !== client) continue;
    const platform = kPlatforms[i % 3];
    rows.push({
      key: `${platform}/${i}`,
      cells: [`Campaign ${i} ${['search', 'prospecting', 'retargeting', 'video'][i % 4]}`, 'campaign', String(1000000 + i), whose, platform, `${whose} ${platform}`, i % 9 === 0 ? 'paused' : 'active', money(50 + (i % 40) * 5), null, null, ...cells],
      known: i % 5 === 0 ? 0.82 : 1,
      link: `view:campaigns?by=ad_group&filter.campaign=${1000000 + i}`,
      parent: '',
      tone: i % 17 === 0 ? 'watch' : '',
    });
  }
  return {
    view: 'campaigns', title: 'Campaigns', client: client ?? '', as_of: '2026-03-29T06:00:00Z', from: '2026-03-01', to: '2026-03-28',
    columns: [
      column('name', 'Name', 'text'), column('level', 'Level', 'text'), column('id', 'Id', 'text'), column('client', 'Client', 'text'),
      column('platform', 'Platform', 'text'), column('account', 'Account', 'text'), column('status', 'Status', 'text'),
      column('daily_budget', 'Daily budget', 'money', 'plan'), column('next_budget', 'Next daily budget', 'money', 'plan'), column('limited_by', 'Limited by', 'text'),
      ...metrics,
    ],
    rows, totals: null, freshness: [], notes: [], next: '',
  };
}
/** One row a client and one an account, as the overview has them. */
export function overviewView(recorded, count, clients) {
  const next = random(11);
  const rows = [];
  const of = (name) => recorded.columns.findIndex((c) => c.name === name);
  const perAccount = 50;
  for (let i = 0; i < Math.max(1, Math.ceil(count / perAccount)); i += 1) {
    const client = clients[i % clients.length];
    const cells = recorded.columns.map((c) => (c.kind === 'money' ? money(100 + next() * 9000) : c.kind === 'count' ? Math.floor(next() * 3) : c.kind === 'real' || c.kind === 'ratio' ? next() * 3 : null));
    const put = (name, value) => {
      if (of(name) >= 0) cells[of(name)] = value;
    };
    put('name', `Account ${i}`);
    put('level', 'account');
    put('client', client);
    put('platform', kPlatforms[i % 3]);
    put('freshness', i % 13 === 0 ? 'late' : 'fresh');
    rows.push({ key: `account/${i}`, cells, known: 0.9, link: `view:campaigns?by=campaign&filter.account=${i}`, parent: '', tone: '' });
  }
  return { ...recorded, rows, totals: null };
}

/** Every text of a view replaced by a hostile one, but the words that say what a row is. */
export function hostileView(view) {
  let at = 0;
  const keeps = new Set(['level', 'status', 'state', 'weekday', 'platform', 'period']);
  return {
    ...view,
    notes: [...view.notes, ...kHostile.slice(0, 3)],
    freshness: view.freshness.map((of, index) => ({ ...of, name: kHostile[index % kHostile.length], state: 'late', why: kHostile[(index + 1) % kHostile.length] })),
    rows: view.rows.map((row) => ({
      ...row,
      cells: row.cells.map((cell, index) => {
        const { kind, name } = view.columns[index];
        return kind === 'text' && cell !== null && !keeps.has(name) ? kHostile[at++ % kHostile.length] : cell;
      }),
    })),
  };
}
export function recordedView(folder, name) {
  const path = `${folder}/${name}.json`;
  return /^[a-z_]+$/.test(name) && existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null;
}
