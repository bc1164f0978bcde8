/** The API under /api/v1. What it refuses becomes an ApiError that says what to do. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly what: string,
    readonly where = '',
    readonly fix = '',
  ) {
    super(what);
  }
}

let csrf = '';
export function setCsrf(token: string) {
  csrf = token;
}

/** 128 random bits. Not randomUUID(), which pages that come over plain HTTP do not have. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function ask(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, { credentials: 'same-origin', ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, 'unreachable', 'the server does not answer', path, 'is maxopt serve running? The page tries again by itself');
  }
  if (response.ok) return response;
  let body: { error?: { code?: string; what?: string; where?: string; fix?: string } } = {};
  try {
    body = (await response.json()) as typeof body;
  } catch {
    // An answer that is not JSON is told by its status.
  }
  const error = body.error ?? {};
  throw new ApiError(
    response.status,
    error.code ?? `http_${response.status}`,
    error.what ?? `the server answered ${response.status}`,
    error.where ?? '',
    error.fix ?? '',
  );
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await ask(path, { signal, headers: { Accept: 'application/json' } });
  return (await response.json()) as T;
}
/** As it is sent: rules, policies and documents are texts. */
export async function getText(path: string, signal?: AbortSignal): Promise<string> {
  return (await ask(path, { signal })).text();
}

/**
 * A write; a body that is a text is sent as it is. The same `key` twice is one write: a caller that tries again passes the first one's.
 */
export async function send<T>(
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
  key: string = newKey(),
): Promise<T | null> {
  const headers: Record<string, string> = { 'Idempotency-Key': key, Accept: 'application/json' };
  if (csrf) headers['X-CSRF-Token'] = csrf;
  let text: string | undefined;
  if (typeof body === 'string') {
    headers['Content-Type'] = 'text/yaml';
    text = body;
  } else if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
    text = JSON.stringify(body);
  }
  const response = await ask(path, { method, headers, body: text });
  const answer = await response.text();
  return answer === '' ? null : (JSON.parse(answer) as T);
}

export const clientPath = (client: string, rest: string) => `/clients/${encodeURIComponent(client)}${rest}`;
