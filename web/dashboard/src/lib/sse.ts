/** One server-sent event. */
export interface ServerEvent {
  id: string;
  event: string;
  data: string;
}

/**
 * Takes a stream apart as the HTML standard's "event stream interpretation" does; text may be cut
 * anywhere. `id` of an event is the last one seen.
 */
export class EventParser {
  private rest = '';
  private id = '';
  private event = '';
  private data: string[] = [];

  push(text: string): ServerEvent[] {
    const out: ServerEvent[] = [];
    this.rest += text;
    for (;;) {
      const found = /\r\n|\n|\r(?!$)/.exec(this.rest);
      if (!found) return out;
      const line = this.rest.slice(0, found.index);
      this.rest = this.rest.slice(found.index + found[0].length);
      if (line === '') {
        if (this.data.length > 0) out.push({ id: this.id, event: this.event || 'message', data: this.data.join('\n') });
        this.event = '';
        this.data = [];
        continue;
      }
      const colon = line.indexOf(':');
      if (colon === 0) continue;
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (field === 'data') this.data.push(value);
      else if (field === 'event') this.event = value;
      else if (field === 'id' && !value.includes('\0')) this.id = value;
    }
  }
}
