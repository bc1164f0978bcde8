import { columnTitle } from './state.svelte';

/** Numbers of objects and times that may be asked for; the server's src/app/views/metrics.cc has them. */
const kNames: [string, string][] = [
  ['spend', 'Spend'], ['impressions', 'Impressions'], ['clicks', 'Clicks'], ['conversions', 'Conversions'],
  ['revenue', 'Revenue'], ['ctr', 'CTR'], ['cpc', 'CPC'], ['cpm', 'CPM'], ['cvr', 'CVR'], ['cpa', 'CPA'], ['roas', 'ROAS'],
  ['impression_share', 'Impression share'], ['lost_to_budget', 'Lost to budget'], ['lost_to_rank', 'Lost to rank'],
];
const kBooks: [string, string][] = [
  ['orders', 'Orders (books)'], ['books_revenue', 'Revenue (books)'], ['books_roas', 'Revenue (books) by spend'],
];
const options = (names: [string, string][]) => names.map(([value, text]) => ({ value, text: columnTitle(text) }));
export const metricOptions = () => options(kNames);
export const seriesOptions = () => options([...kNames, ...kBooks]);
