import { ApiError, get, send, setCsrf } from './api';
import { Format } from './format';
import { parseHash, printHash, type Route } from './route';
import { en, type Messages } from '../messages/en';

export type Role = 'viewer' | 'operator' | 'approver' | 'admin';
export interface Session {
  user: string;
  role: Role;
  clients: string[];
  csrf: string;
  version: string;
  now: string;
}
export interface ClientInfo {
  name: string;
  currency: string;
  zone: string;
  accounts: { account: string; platform: string; name: string; currency: string; zone: string; status: string }[];
}
interface ViewInfo {
  name: string;
  needs_client?: boolean;
  /** Of the parameters that mean the same everywhere those that it heeds, separated by spaces. */
  common?: string;
  parameters?: { name: string }[];
}
export interface Toast {
  id: number;
  tone: 'good' | 'bad' | 'info';
  text: string;
}
export type Theme = 'auto' | 'light' | 'dark';
export const kLanguages = { en: 'English', de: 'Deutsch' } as const;
export type Language = keyof typeof kLanguages;

const kept = (name: string) => {
  try {
    return localStorage.getItem(`maxopt.${name}`) ?? '';
  } catch {
    return '';
  }
};
export function keep(name: string, value: string) {
  try {
    localStorage.setItem(`maxopt.${name}`, value);
  } catch {
    // A browser that keeps nothing forgets the choice with the page; nothing else depends on it.
  }
}
export const recall = kept;

function firstLanguage(): Language {
  const chosen = kept('language');
  if (chosen in kLanguages) return chosen as Language;
  for (const tag of navigator.languages) {
    const language = tag.slice(0, 2).toLowerCase();
    if (language in kLanguages) return language as Language;
  }
  return 'en';
}
/** The browser's own tag of the language, with its region, where it has one: "de-AT", "en-GB". */
function localeOf(language: Language): string {
  return navigator.languages.find((tag) => tag.toLowerCase().startsWith(language)) ?? language;
}

class App {
  route = $state.raw<Route>(parseHash(location.hash));
  session = $state.raw<Session | null>(null);
  /** "": asking; "in", "out": the server has said; "gone": it does not answer. */
  entrance = $state<'' | 'in' | 'out' | 'gone'>('');
  theme = $state<Theme>((kept('theme') || 'auto') as Theme);
  language = $state<Language>('en');
  format = $state.raw(new Format(localeOf('en')));
  texts = $state.raw<Messages>(en);
  toasts = $state<Toast[]>([]);
  clients = $state.raw<ClientInfo[]>([]);
  halted = $state(false);
  private views = $state.raw(new Map<string, ReadonlySet<string>>());
  paletteOpen = $state(false);
  menuOpen = $state(false);
  /** Of the server's clock over the browser's, in milliseconds: simulated platforms have their own time. */
  private lead = $state(0);

  now(): number {
    return Date.now() + this.lead;
  }
  /** The client's day; UTC's where several clients are looked at. */
  today(): string {
    const zone = this.clients.find(({ name }) => name === this.route.client)?.zone ?? 'UTC';
    try {
      return new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(this.now());
    } catch {
      return new Date(this.now()).toISOString().slice(0, 10);
    }
  }
  currency(): string {
    return this.clients.find(({ name }) => name === this.route.client)?.currency ?? '';
  }
  /** Parameters that a view takes; null: the server has not said. */
  heeds(view: string): ReadonlySet<string> | null {
    return this.views.get(view) ?? null;
  }
  client(): string {
    return this.route.client;
  }

  go(route: Partial<Route>, replace = false) {
    const hash = printHash(route);
    if (replace) history.replaceState(null, '', hash);
    else if (location.hash !== hash) history.pushState(null, '', hash);
    this.route = parseHash(hash);
  }
  /** Changes of the query of this page. An empty value takes a key away. */
  set(changes: Record<string, string>, replace = false) {
    this.go({ ...this.route, query: { ...this.route.query, ...changes } }, replace);
  }

  /** With the one-time link that `maxopt serve` prints, ORIGIN/#link=SECRET, or the session that is there. */
  async enter() {
    const link = /^#\/?link=([^&]+)/.exec(location.hash)?.[1];
    if (link) {
      // It is used once, and stays neither in the address nor in the history.
      this.go({ page: 'overview' }, true);
      try {
        const session = await send<Session>('POST', '/session', { link: decodeURIComponent(link) });
        if (session) return await this.take(session);
      } catch (error) {
        this.tellError(error);
      }
    }
    try {
      await this.take(await get<Session>('/session'));
    } catch (error) {
      this.entrance = error instanceof ApiError && error.status === 401 ? 'out' : 'gone';
    }
  }
  async take(session: Session) {
    setCsrf(session.csrf);
    const at = Date.parse(session.now);
    this.lead = Number.isNaN(at) ? 0 : at - Date.now();
    const [clients, views] = await Promise.allSettled([
      get<{ clients: ClientInfo[]; halted?: boolean }>('/clients'),
      get<{ views: ViewInfo[] }>('/views'),
    ]);
    if (clients.status === 'fulfilled') {
      this.clients = clients.value.clients;
      this.halted = clients.value.halted === true;
    }
    if (views.status === 'fulfilled') {
      this.views = new Map(
        views.value.views
          .filter(({ parameters }) => parameters !== undefined)
          .map(({ name, common, parameters }) => [name, new Set([...(common ?? '').split(' '), ...(parameters ?? []).map((of) => of.name), 'as_of'])]),
      );
    }
    this.session = { ...session, clients: session.clients.length > 0 ? session.clients : this.clients.map(({ name }) => name) };
    this.entrance = 'in';
  }
  async leave() {
    await send('DELETE', '/session').catch(() => undefined);
    setCsrf('');
    this.session = null;
    this.entrance = 'out';
  }

  async speak(language: Language, remember = true) {
    this.texts = language === 'de' ? (await import('../messages/de')).de : en;
    this.language = language;
    this.format = new Format(localeOf(language));
    document.documentElement.lang = language;
    if (remember) keep('language', language);
  }
  start() {
    window.addEventListener('hashchange', () => (this.route = parseHash(location.hash)));
    window.addEventListener('popstate', () => (this.route = parseHash(location.hash)));
    const language = firstLanguage();
    if (language !== 'en') void this.speak(language, false);
  }

  private lastToast = 0;
  tell(text: string, tone: Toast['tone'] = 'good') {
    const id = ++this.lastToast;
    this.toasts.push({ id, tone, text });
    // Errors stay until they are put away; a reader may need longer than any time we choose.
    if (tone !== 'bad') setTimeout(() => this.forget(id), 8000);
  }
  tellError(error: unknown) {
    if (error instanceof ApiError) {
      if (error.status === 401) this.entrance = 'out';
      this.tell([error.what, error.fix].filter((part) => part !== '').join(' — '), 'bad');
    } else {
      this.tell(String(error), 'bad');
    }
  }
  forget(id: number) {
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
  }
}
export const app = new App();

/** A text of the interface in the user's language; {name} stands for a parameter. */
export function t(key: keyof Messages, parameters: Record<string, string | number> = {}): string {
  return app.texts[key].replace(/\{(\w+)\}/g, (all, name: string) => String(parameters[name] ?? all));
}
/** A column's title, which the server writes in English, where the language has a word for it. */
export function columnTitle(title: string): string {
  return app.texts.columns === '' ? title : (dictionary(app.texts.columns)[title.toLowerCase()] ?? title);
}
let read = { text: '', words: {} as Record<string, string> };
function dictionary(text: string): Record<string, string> {
  if (read.text !== text) {
    const words: Record<string, string> = {};
    for (const pair of text.split('\n')) {
      const [from, to] = pair.split('=');
      if (from && to) words[from.trim().toLowerCase()] = to.trim();
    }
    read = { text, words };
  }
  return read.words;
}

export type Act = 'operate' | 'approve' | 'administer';
const kRank: Record<Role, number> = { viewer: 0, operator: 1, approver: 2, admin: 3 };
const kNeeded: Record<Act, Role> = { operate: 'operator', approve: 'approver', administer: 'admin' };
/** Empty where the user may; else why not. */
export function whyNot(act: Act): string {
  const role = app.session?.role ?? 'viewer';
  return (kRank[role] ?? 0) >= kRank[kNeeded[act]] ? '' : t('role_needed', { needed: kNeeded[act], role });
}
