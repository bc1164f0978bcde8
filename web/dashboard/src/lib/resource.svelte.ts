import { untrack } from 'svelte';
import { ApiError, get } from './api';
import { app } from './state.svelte';
import { live } from './live.svelte';
import { viewPath } from './route';
import type { View } from './view';

export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, 'internal', String(error), '', 'reload the page');
}

/**
 * What a path answers. While it is asked again the old answer stays; an error does not wipe it out
 * either, so that a page goes on showing what it knows and says how old it is.
 */
export class Resource<T> {
  data = $state.raw<T | null>(null);
  error = $state.raw<ApiError | null>(null);
  loading = $state(false);
  path = '';
  private controller: AbortController | null = null;

  async load(path: string): Promise<void> {
    this.controller?.abort();
    const controller = (this.controller = new AbortController());
    // An answer to another question is not shown under this one's heading.
    if (path.split('?')[0] !== this.path.split('?')[0]) this.data = null;
    this.path = path;
    this.loading = true;
    try {
      await this.read(path, controller.signal);
      this.error = null;
    } catch (error) {
      if (controller.signal.aborted) return;
      this.error = asApiError(error);
      if (this.error.status === 401) app.entrance = 'out';
      if (this.error.status !== 0) this.data = null;
    } finally {
      if (this.controller === controller) this.loading = false;
    }
  }
  protected async read(path: string, signal: AbortSignal) {
    const data = await get<T>(path, signal);
    if (!signal.aborted) this.data = data;
  }
  reload() {
    if (this.path !== '') void this.load(this.path);
  }
  stop() {
    this.controller?.abort();
  }
}

/** A view with all its pages: the first is shown as soon as it is there. */
export class ViewResource extends Resource<View> {
  protected override async read(path: string, signal: AbortSignal) {
    let view = await get<View>(path, signal);
    if (signal.aborted) return;
    this.data = view;
    let rows = view.rows;
    while (view.next !== '') {
      const url = new URL(path, 'http://x');
      url.searchParams.set('cursor', view.next);
      view = await get<View>(url.pathname + url.search, signal);
      if (signal.aborted) return;
      rows = rows.concat(view.rows);
      this.data = { ...(this.data as View), rows, next: view.next };
    }
  }
}

/** Asks whenever `path` changes, and again when the live stream says that facts came in. */
export function useView(path: () => string | null): ViewResource {
  const resource = new ViewResource();
  $effect(() => {
    const now = path();
    if (now !== null) untrack(() => void resource.load(now));
  });
  $effect(() => {
    if (live.tick > 0) untrack(() => resource.reload());
  });
  $effect(() => () => resource.stop());
  return resource;
}
export function useData<T>(path: () => string | null): Resource<T> {
  const resource = new Resource<T>();
  $effect(() => {
    const now = path();
    if (now !== null) untrack(() => void resource.load(now));
  });
  $effect(() => () => resource.stop());
  return resource;
}

/** Words of the address that a page hands on to its view; "filter" stands for every filter.X. */
export type Takes = 'period' | 'compare' | 'by' | 'metrics' | 'filter' | 'as_of' | 'grain' | 'currency';

/**
 * Path of a view for where one is: the client, and of the address what the page takes and the
 * server says that the view heeds. `own` is set by the page itself.
 */
export function pathOf(view: string, takes: Takes[] = [], own: Record<string, string> = {}): string {
  const query: Record<string, string> = {};
  for (const [key, value] of Object.entries(app.route.query)) {
    const word = key.startsWith('filter.') ? 'filter' : key === 'from' || key === 'to' ? 'period' : key;
    if ((takes as string[]).includes(word)) query[key] = value;
  }
  return viewPath(app.client(), view, { ...query, ...own }, app.today(), app.heeds(view));
}
