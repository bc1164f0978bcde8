/**
 * Where one is, as a part of the address behind "#": "#/c/CLIENT/PAGE/ID?key=value" for a client's
 * pages, "#/PAGE/ID" for the others. Everything that decides what is shown is in it, so that a link
 * shows others the same.
 */
export interface Route {
  client: string;
  page: string;
  id: string;
  query: Record<string, string>;
}

const decode = (text: string) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

export function parseHash(hash: string): Route {
  const text = hash.replace(/^#/, '');
  const mark = text.indexOf('?');
  const path = (mark < 0 ? text : text.slice(0, mark)).split('/').filter((part) => part !== '').map(decode);
  const query: Record<string, string> = {};
  if (mark >= 0) {
    for (const [key, value] of new URLSearchParams(text.slice(mark + 1))) query[key] = value;
  }
  let client = '';
  if (path[0] === 'c' && path.length > 1) {
    client = path[1] ?? '';
    path.splice(0, 2);
  }
  return { client, page: path[0] ?? 'overview', id: path.slice(1).join('/'), query };
}

/** The same route gives the same text: keys are sorted, empty values left out. */
export function printHash({ client, page, id, query }: Partial<Route>): string {
  const parts = [...(client ? ['c', client] : []), page || 'overview', ...(id ? [id] : [])];
  const search = new URLSearchParams();
  for (const key of Object.keys(query ?? {}).sort()) {
    const value = query?.[key];
    if (value !== undefined && value !== '') search.set(key, value);
  }
  const tail = search.toString();
  return `#/${parts.map(encodeURIComponent).join('/')}${tail ? `?${tail}` : ''}`;
}

export interface Period {
  from: string;
  to: string;
}
export const kPresets = ['today', 'yesterday', '7d', '14d', '28d', '90d', 'month', 'last_month', 'year'] as const;
export type Preset = (typeof kPresets)[number];

const print = (at: number) => new Date(at).toISOString().slice(0, 10);
const kDay = 86_400_000;

/** Days of a preset. `today` is the client's present day; spans of days end yesterday. */
export function presetPeriod(preset: string, today: string): Period | null {
  const now = Date.parse(`${today}T00:00:00Z`);
  if (Number.isNaN(now)) return null;
  const at = new Date(now);
  const days = /^(\d{1,3})d$/.exec(preset);
  if (days) return { from: print(now - Number(days[1]) * kDay), to: print(now - kDay) };
  switch (preset) {
    case 'today':
      return { from: today, to: today };
    case 'yesterday':
      return { from: print(now - kDay), to: print(now - kDay) };
    case 'month':
      return { from: print(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1)), to: today };
    case 'last_month':
      return {
        from: print(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() - 1, 1)),
        to: print(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 0)),
      };
    case 'year':
      return { from: print(Date.UTC(at.getUTCFullYear(), 0, 1)), to: today };
    default:
      return null;
  }
}

export const isDay = (text: string | undefined): text is string => {
  if (!text || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const at = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(at) && print(at) === text;
};

/** The period that a query means; null where it says none (the view's own default). */
export function periodOf(query: Record<string, string>, today: string): Period | null {
  if (isDay(query.from) && isDay(query.to)) return { from: query.from, to: query.to };
  return query.period ? presetPeriod(query.period, today) : null;
}

/** Parameters of a page that the server is asked with; the others are the page's own. */
const kOwn = new Set(['period', 'from', 'to', 'find', 'tab', 'metric', 'demo']);

/** Path of a view in the API, from a route's query and what the page itself fixes. */
export function viewPath(
  client: string,
  view: string,
  query: Record<string, string>,
  today: string,
  heeds: ReadonlySet<string> | null = null,
): string {
  const search = new URLSearchParams();
  const period = periodOf(query, today);
  if (period && (!heeds || heeds.has('from'))) {
    search.set('from', period.from);
    search.set('to', period.to);
  }
  for (const key of Object.keys(query).sort()) {
    const value = query[key];
    if (kOwn.has(key) || value === undefined || value === '') continue;
    const word = key.startsWith('filter.') ? 'filter' : key;
    if (heeds && !heeds.has(word) && !['sort', 'limit', 'cursor', 'search'].includes(word)) continue;
    search.set(key, value);
  }
  const tail = search.toString();
  const base = client === '' ? `/views/${encodeURIComponent(view)}`
    : `/clients/${encodeURIComponent(client)}/views/${encodeURIComponent(view)}`;
  return tail ? `${base}?${tail}` : base;
}

/** Which page shows a view, where their names differ. */
const kPageOfView: Record<string, string> = {
  accounts: 'overview', series: 'campaigns', devices: 'geo', overlap: 'attribution', checklists: 'documents',
  tracking: 'quality', calibration: 'ledger', tokens: 'health', sunsets: 'health', jobs: 'health',
  policy: 'rules', marginals: 'planner', alert: 'alerts', plan: 'plans', ads: 'campaigns', cycle: 'cycles',
};
const kIdOf: Record<string, string> = {
  plan: 'plans', alert: 'alerts', report: 'reports', document: 'documents', experiment: 'experiments', message: 'messages',
  tactic: 'tactics', cycle: 'cycles',
};

/**
 * Where a row's link leads, as a hash; null for a link of no known kind. Names come from outside,
 * so nothing of a link is ever taken as an address itself.
 */
export function linkHash(link: string, client: string): string | null {
  const mark = link.indexOf(':');
  if (mark < 0) return null;
  const kind = link.slice(0, mark);
  const rest = link.slice(mark + 1);
  const [name = '', search = ''] = rest.split(/\?(.*)/s);
  const query: Record<string, string> = {};
  for (const [key, value] of new URLSearchParams(search)) query[key] = value;
  const whose = query.client ?? client;
  delete query.client;
  if (kind === 'client') return printHash({ client: decode(rest), page: 'overview' });
  if (kind === 'view') {
    const id = query.id ?? (name === 'alert' ? query.alert : name === 'plan' ? query.plan : '') ?? '';
    if (name === 'alert' || name === 'plan') {
      return printHash({ client: whose, page: kPageOfView[name] ?? name, id });
    }
    return printHash({ client: whose, page: kPageOfView[name] ?? name, query });
  }
  const page = kIdOf[kind];
  if (!page) return null;
  return name === '' ? null : printHash({ client: whose, page, id: decode(name) });
}
