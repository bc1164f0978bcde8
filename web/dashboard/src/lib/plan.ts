/** A plan as the API and `maxopt show --json` tell it. */
export interface PlanPrediction {
  kpi: string;
  mean: number;
  low90: number;
  high90: number;
  horizon_days: number;
  /** Of a KPI that is money. */
  currency?: string;
}
export interface PlanChange {
  key: string;
  id?: string;
  account: string;
  level: string;
  action: string;
  address: string;
  reason: string;
  why: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  evidence?: Record<string, unknown> | null;
  prediction?: PlanPrediction | null;
}
export interface PlanExposure {
  currency: string;
  daily_budgets: string;
  worst_day: string;
}
export interface PlanFinding {
  guard: string;
  blocks: boolean;
  what: string;
  fix: string;
}
export interface WholePlan {
  id: string;
  client: string;
  title: string;
  status: string;
  created_at: string;
  created_by: string;
  content_hash: string;
  approval?: { by: string; at: string; expires_at: string };
  changes: PlanChange[];
  prediction?: PlanPrediction | null;
  exposure?: { before: PlanExposure[]; after: PlanExposure[] };
  findings?: PlanFinding[];
  notes?: string[];
  /** What became of each change, by its key. */
  journal?: { key: string; address: string; state: string; id: string; how: string; attempts: number }[];
}

export interface FieldDiff {
  name: string;
  before: unknown;
  after: unknown;
}
/** Field by field, names in order; a field that is on one side only has undefined on the other. */
export function diffOf(before: Record<string, unknown> | null, after: Record<string, unknown> | null): FieldDiff[] {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...names].sort().map((name) => ({ name, before: before?.[name], after: after?.[name] }));
}

export const isPlanMoney = (value: unknown): value is { money: string; currency: string } =>
  typeof value === 'object' && value !== null && 'money' in value && 'currency' in value;

/** a - b of two decimal strings, exactly. */
export function subtractDecimals(a: string, b: string): string | null {
  const parse = (text: string) => {
    const found = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
    return found ? { sign: found[1] === '-' ? -1n : 1n, whole: found[2]!, part: found[3] ?? '' } : null;
  };
  const x = parse(a);
  const y = parse(b);
  if (!x || !y) return null;
  const places = Math.max(x.part.length, y.part.length);
  const units = (of: { sign: bigint; whole: string; part: string }) => of.sign * BigInt(of.whole + of.part.padEnd(places, '0'));
  const difference = units(x) - units(y);
  const digits = (difference < 0n ? -difference : difference).toString().padStart(places + 1, '0');
  const text = places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
  return difference < 0n ? `-${text}` : text;
}

export interface PlanTactic {
  id: string;
  title: string;
  grade: string;
  /** Its share of what the tactics say together, [0, 1]; null where it is not told. */
  weight: number | null;
}
/** The tactics among a change's evidence, heaviest first; none where it is of another shape. */
export function tacticsOf(value: unknown): PlanTactic[] {
  if (!Array.isArray(value)) return [];
  const text = (of: unknown) => (typeof of === 'string' ? of : '');
  return value
    .filter((one): one is Record<string, unknown> => typeof one === 'object' && one !== null && text((one as Record<string, unknown>).id) !== '')
    .map((one) => ({ id: text(one.id), title: text(one.title), grade: text(one.grade), weight: typeof one.weight === 'number' ? one.weight : null }))
    .sort((a, b) => (b.weight ?? 0) - (a.weight ?? 0));
}
