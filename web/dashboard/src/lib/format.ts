import { isEstimate, isMoney, type Cell, type Column, type Money } from './view';

/**
 * Numbers, money and times in one locale. Decimal strings go to Intl as they are, so an amount of
 * any size is shown exactly.
 */
export class Format {
  readonly words: Intl.Collator;
  private readonly cache = new Map<string, Intl.NumberFormat>();
  private readonly dates: Intl.DateTimeFormat;
  private readonly shortDates: Intl.DateTimeFormat;
  private readonly weekdays: Intl.DateTimeFormat;
  private readonly times: Intl.DateTimeFormat;
  private readonly clock: Intl.DateTimeFormat;
  private readonly ago: Intl.RelativeTimeFormat;

  constructor(readonly locale: string, readonly zone?: string) {
    this.words = new Intl.Collator(locale, { numeric: true, sensitivity: 'base' });
    const utc = { timeZone: 'UTC' } as const;
    this.dates = new Intl.DateTimeFormat(locale, { ...utc, year: 'numeric', month: 'short', day: 'numeric' });
    this.shortDates = new Intl.DateTimeFormat(locale, { ...utc, month: 'short', day: 'numeric' });
    this.weekdays = new Intl.DateTimeFormat(locale, { ...utc, weekday: 'short' });
    const moment = { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' } as const;
    this.times = new Intl.DateTimeFormat(locale, { ...moment, year: 'numeric', timeZone: zone, timeZoneName: 'short' });
    this.clock = new Intl.DateTimeFormat(locale, { ...moment, timeZone: zone });
    this.ago = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' });
  }

  private number(options: Intl.NumberFormatOptions): Intl.NumberFormat {
    const key = JSON.stringify(options);
    let found = this.cache.get(key);
    if (!found) this.cache.set(key, (found = new Intl.NumberFormat(this.locale, options)));
    return found;
  }

  count(value: number): string {
    return this.number({ maximumFractionDigits: 0 }).format(value);
  }
  /** Three significant digits and no fewer than the whole part. */
  real(value: number, digits?: number): string {
    const at = Math.abs(value);
    const fraction = digits ?? (at >= 100 ? 0 : at >= 10 ? 1 : 2);
    return this.number({ minimumFractionDigits: fraction, maximumFractionDigits: fraction }).format(value);
  }
  ratio(value: number, signed = false): string {
    const at = Math.abs(value);
    const fraction = at > 0 && at < 0.01 ? 2 : at >= 1 ? 0 : 1;
    return this.number({
      style: 'percent',
      minimumFractionDigits: fraction,
      maximumFractionDigits: fraction,
      ...(signed ? { signDisplay: 'exceptZero' as const } : {}),
    }).format(value);
  }
  /** A share in whole percent that never claims all of what is not: 0.996 is 99 %. */
  percent(value: number): string {
    return this.number({ style: 'percent', maximumFractionDigits: 0 }).format(value < 1 ? Math.floor(value * 100) / 100 : value);
  }
  /** `whole`: without cents, for columns of large amounts; the title of the cell has the rest. */
  money({ amount, currency }: Money, whole = false): string {
    const digits = whole ? { minimumFractionDigits: 0, maximumFractionDigits: 0 } : {};
    try {
      // A decimal string is formatted exactly; the type only knows numbers.
      return this.number({ style: 'currency', currency, ...digits }).format(amount as unknown as number);
    } catch {
      return `${amount} ${currency}`;
    }
  }
  /** A model's number that is an amount of money, in "EUR" or "EUR/day". */
  unit(value: number, unit: string): string {
    const [first = '', ...rest] = unit.split('/');
    if (/^[A-Z]{3}$/.test(first)) {
      const at = Math.abs(value);
      const fraction = at >= 1000 ? 0 : 2;
      const text = this.number({
        style: 'currency', currency: first, minimumFractionDigits: fraction, maximumFractionDigits: fraction,
      }).format(value);
      return rest.length ? `${text}/${rest.join('/')}` : text;
    }
    if (unit === '%') return `${this.real(value)} %`;
    return unit === '' ? this.real(value) : `${this.real(value)} ${unit}`;
  }
  day(text: string): string {
    const at = Date.parse(`${text}T00:00:00Z`);
    return Number.isNaN(at) ? text : this.dates.format(at);
  }
  shortDay(text: string): string {
    const at = Date.parse(`${text}T00:00:00Z`);
    return Number.isNaN(at) ? text : this.shortDates.format(at);
  }
  /** 1 Monday ... 7 Sunday. */
  weekday(place: number): string {
    return this.weekdays.format(Date.UTC(2024, 0, place));
  }
  instant(text: string): string {
    const at = Date.parse(text);
    return Number.isNaN(at) ? text : this.clock.format(at);
  }
  /** With year and zone. */
  moment(text: string): string {
    const at = Date.parse(text);
    return Number.isNaN(at) ? text : this.times.format(at);
  }
  since(text: string, now: number): string {
    const at = Date.parse(text);
    if (Number.isNaN(at)) return text;
    const minutes = Math.round((at - now) / 60_000);
    if (Math.abs(minutes) < 60) return this.ago.format(minutes, 'minute');
    const hours = Math.round(minutes / 60);
    if (Math.abs(hours) < 48) return this.ago.format(hours, 'hour');
    return this.ago.format(Math.round(hours / 24), 'day');
  }

  /** A cell as text; "–" where it is absent. */
  cell(cell: Cell, column: Pick<Column, 'kind' | 'unit' | 'name'>, whole = false, yes = 'yes', no = 'no'): string {
    if (cell === null || cell === undefined) return '–';
    if (isMoney(cell)) return this.money(cell, whole);
    if (isEstimate(cell)) {
      const of = (value: number) => (column.unit === 'ratio' ? this.ratio(value) : this.unit(value, column.unit));
      const bare = (value: number) =>
        column.unit === 'ratio' ? this.ratio(value) : this.unit(value, '');
      return `${of(cell.value)} (${bare(cell.low)} – ${bare(cell.high)})`;
    }
    switch (column.kind) {
      case 'count':
        return typeof cell === 'number' ? this.count(cell) : String(cell);
      case 'ratio':
        return typeof cell === 'number' ? this.ratio(cell, isChange(column.name)) : String(cell);
      case 'real':
        return typeof cell === 'number' ? this.unit(cell, column.unit) : String(cell);
      case 'day':
        return this.day(String(cell));
      case 'instant':
        return this.instant(String(cell));
      case 'flag':
        return cell ? yes : no;
      default:
        return String(cell);
    }
  }
}

/** Columns that tell by how much another one changed. */
export const isChange = (name: string) => /(^|_)(change|delta|diff)(_|$)/.test(name);
export const isNumeric = (kind: Column['kind']) =>
  kind === 'count' || kind === 'real' || kind === 'ratio' || kind === 'money' || kind === 'estimate';
