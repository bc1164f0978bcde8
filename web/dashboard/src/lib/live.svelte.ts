import { EventParser, type ServerEvent } from './sse';
import type { Money } from './view';

/** One campaign's present day, or an alert, as the stream tells it; unknown fields are left alone. */
export interface LiveEntry {
  client?: string;
  account?: string;
  campaign?: string;
  campaign_id?: string;
  day?: string;
  /** Of the amounts below. */
  currency?: string;
  /** Exact decimal. */
  spend?: string;
  impressions?: number | null;
  clicks?: number | null;
  conversions?: number | null;
  revenue?: string | null;
  as_of?: string;
  maturity?: number | null;
  tier?: string;
  state?: string;
  title?: string;
  id?: string;
}

/** An amount of an entry with its currency; null where it is not known. */
export function amountOf(entry: LiveEntry, amount: string | null | undefined): Money | null {
  return typeof amount === 'string' && entry.currency ? { amount, currency: entry.currency } : null;
}

/** How long nothing at all may come before the line counts as dead: the server sends a comment at least every 15 s. */
const kSilence = 45_000;
/** Pages are read again at most this often, however fast the facts come in. */
const kQuiet = 15_000;

class Live {
  /** "off": not asked for; "on": the stream is open; "waiting": it broke and is tried again. */
  state = $state<'off' | 'on' | 'waiting'>('off');
  entries = $state.raw<Record<string, LiveEntry>>({});
  /** When something was last heard, in the browser's time. */
  heard = $state(0);
  /** Counts batches of changes, for pages that show the same facts. */
  tick = $state(0);
  private lastId = '';
  private attempt = 0;
  private controller: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private pending: ReturnType<typeof setTimeout> | undefined;

  start() {
    if (this.controller) return;
    void this.read();
  }
  stop() {
    clearTimeout(this.timer);
    this.controller?.abort();
    this.controller = null;
    this.state = 'off';
  }
  retry() {
    clearTimeout(this.timer);
    this.controller?.abort();
    this.controller = null;
    this.attempt = 0;
    void this.read();
  }

  private async read() {
    const controller = (this.controller = new AbortController());
    let silence: ReturnType<typeof setTimeout> | undefined;
    const hear = () => {
      this.heard = Date.now();
      clearTimeout(silence);
      silence = setTimeout(() => controller.abort(), kSilence);
    };
    try {
      const response = await fetch('/api/v1/live/stream', {
        headers: { Accept: 'text/event-stream', ...(this.lastId ? { 'Last-Event-ID': this.lastId } : {}) },
        signal: controller.signal,
        credentials: 'same-origin',
      });
      if (!response.ok || !response.body) throw new Error(String(response.status));
      this.state = 'on';
      this.attempt = 0;
      hear();
      const reader = response.body.getReader();
      const decoder = new TextDecoder();
      const parser = new EventParser();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        hear();
        for (const event of parser.push(decoder.decode(value, { stream: true }))) this.take(event);
      }
    } catch {
      // Whatever broke the line, the answer is the same: wait and ask from the last id on.
    }
    clearTimeout(silence);
    if (this.controller !== controller) return;
    this.state = 'waiting';
    const wait = Math.min(30_000, 1000 * 2 ** this.attempt++) * (0.75 + Math.random() / 2);
    this.timer = setTimeout(() => void this.read(), wait);
  }

  private take({ id, event, data }: ServerEvent) {
    if (id) this.lastId = id;
    let body: unknown;
    try {
      body = JSON.parse(data);
    } catch {
      return;
    }
    if (event === 'snapshot') {
      const first = Object.keys(this.entries).length === 0;
      this.entries = body as Record<string, LiveEntry>;
      if (!first) this.ring();
    } else if (event === 'change') {
      const { changed, removed } = body as { changed: Record<string, LiveEntry>; removed: string[] };
      const next = { ...this.entries, ...changed };
      for (const key of removed) delete next[key];
      this.entries = next;
      this.ring();
    }
  }
  private ring() {
    this.pending ??= setTimeout(() => {
      this.pending = undefined;
      this.tick += 1;
    }, kQuiet);
  }
}
export const live = new Live();
