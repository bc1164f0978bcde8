/** What `maxopt scenario` and POST /clients/{client}/scenarios answer. */
export interface Interval {
  mean: number;
  low50: number;
  high50: number;
  low90: number;
  high90: number;
}
export interface ScenarioShare {
  channel: string;
  /** Of `budget`, the account's; `converted` is the answer's, `rate` units of that for one of it. */
  currency: string;
  budget: string;
  converted: string;
  rate: number;
  spend: number;
  revenue: Interval | null;
  roas: Interval | null;
  marginal_roas: Interval | null;
  binding: string;
  beyond_tried: boolean;
  below_tried: boolean;
  identified: boolean;
}
export interface Scenario {
  name: string;
  error?: string;
  budget: string;
  spend: number;
  revenue: Interval;
  profit: Interval | null;
  roas: Interval | null;
  cpa: Interval | null;
  marginal_roas: Interval | null;
  spend_change: number;
  revenue_change: Interval | null;
  profit_change: Interval | null;
  better: number | null;
  lambda: number | null;
  gap: number | null;
  channels: ScenarioShare[];
  notes: string[];
}
export interface ScenarioAnswer {
  client: string;
  currency: string;
  from: string;
  to: string;
  gross_margin: number | null;
  settle_days?: number | null;
  scenarios: Scenario[];
  notes: string[];
}
/** An amount as people write it, "1.234,50" or "1,234.5" or "12"; null where it is none. */
export function readAmount(text: string, locale: string): string | null {
  const parts = new Intl.NumberFormat(locale).formatToParts(12345.6);
  const decimal = parts.find((part) => part.type === 'decimal')?.value ?? '.';
  const group = parts.find((part) => part.type === 'group')?.value ?? ',';
  const plain = text.trim().replace(/[\s\u00a0\u202f]/g, '').split(group).join('').replace(decimal, '.');
  return /^\d{1,13}(\.\d{1,6})?$/.test(plain) ? plain : null;
}
/** Sum of decimal strings, exactly. */
export function addDecimals(texts: string[]): string {
  const places = Math.max(0, ...texts.map((text) => (text.split('.')[1] ?? '').length));
  const sum = texts.reduce((total, text) => {
    const [whole = '0', part = ''] = text.split('.');
    return total + BigInt(whole + part.padEnd(places, '0'));
  }, 0n);
  const digits = sum.toString().padStart(places + 1, '0');
  return places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
}
