// The dashboard without maxopt: built files, recorded views, and writes that are kept in memory.
//   node dev/server.mjs [--port 0] [--dist dist] [--campaigns N] [--hostile] [--role ROLE]
// Prints its address. Headers are those of the real server, the Content-Security-Policy too.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { campaignsView, hostileView, kHostile, overviewView, recordedView } from './views.mjs';

const here = dirname(fileURLToPath(import.meta.url));
export const kPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'";
const kTypes = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml' };

export function startServer({ port = 0, dist = process.env.MAXOPT_DASHBOARD ?? join(here, '../dist'), campaigns = 0, hostile = false, role = 'admin' } = {}) {
  const fixtures = join(here, 'fixtures');
  const other = (name) => JSON.parse(readFileSync(join(fixtures, 'other', name), 'utf8'));
  const session = other('session.json');
  const clients = other('clients.json');
  if (campaigns > 0) {
    session.clients = Array.from({ length: 20 }, (_, index) => `Client ${index + 1}`);
    clients.clients = session.clients.map((name) => ({ ...clients.clients[0], name, accounts: [] }));
  }
  session.role = role;
  const plans = new Map();
  const texts = new Map([['rules', '# The client has no rules yet.\n'], ['policy', other('policy.json').text]]);
  let made = 0;

  function plan(id) {
    if (!plans.has(id)) {
      const recorded = other('plan.json');
      plans.set(id, { ...recorded, id, status: 'guarded', title: hostile ? kHostile[0] : recorded.title });
    }
    return plans.get(id);
  }
  const views = new Map();
  function view(name, client) {
    const key = `${name}/${client}`;
    if (views.has(key)) return views.get(key);
    let found = recordedView(fixtures, name);
    if (campaigns > 0 && name === 'campaigns') found = campaignsView(campaigns, session.clients, client);
    else if (campaigns > 0 && name === 'overview') found = overviewView(found, campaigns, session.clients);
    if (found && hostile) found = hostileView(found);
    const json = found ? JSON.stringify({ ...found, client }) : null;
    views.set(key, json);
    return json;
  }

  const error = (status, code, what, fix = '') => ({ status, body: { error: { code, what, where: '', fix } } });
  function answer(method, path, query, body) {
    const parts = path.split('/').filter(Boolean).map(decodeURIComponent);
    if (path === '/session') return method === 'DELETE' ? { body: { ended: true } } : { body: session };
    if (path === '/clients') return { body: clients };
    if (path === '/views') return { body: other('views.json') };
    if (path === '/users') return { body: other('users.json') };
    if (path === '/keys') return { body: { keys: [] } };
    if (path === '/status') return { body: { now: session.now, jobs: [], calls: [] } };
    if (parts[0] === 'jobs' || path === '/halt') return { body: {} };
    const client = parts[0] === 'clients' ? parts[1] : '';
    const rest = parts[0] === 'clients' ? parts.slice(2) : parts;
    if (rest[0] === 'views') {
      const json = view(rest[1] ?? '', client);
      return json ? { text: json } : error(400, 'invalid_argument', `there is no view "${rest[1]}" among the recorded ones`);
    }
    if (rest[0] === 'plans' && rest[1]) {
      const of = plan(rest[1]);
      const act = rest[2] ?? '';
      if (act === 'approve') {
        if (body?.content_hash !== of.content_hash) return error(409, 'refused', 'the plan has changed since it was shown', 'look at it again');
        of.status = 'approved';
      } else if (act === 'reject') of.status = 'rejected';
      else if (act === 'apply') {
        of.status = 'applying';
        setTimeout(() => (of.status = 'verified'), 1500);
      } else if (act === 'undo') {
        const id = `${of.id}-undo${(made += 1)}`;
        plans.set(id, { ...of, id, status: 'guarded', title: `undo ${of.title}`, changes: of.changes.map((change) => ({ ...change, before: change.after, after: change.before })) });
        return { body: { id } };
      }
      return { body: of };
    }
    if (rest[0] === 'scenarios') return rest[1] === 'plan' ? { body: { id: 'p-20260329-0009' } } : { body: other('scenarios.json') };
    if (rest[0] === 'rules' || rest[0] === 'policy') {
      if (method === 'PUT') {
        if (String(body).includes('nonsense')) return error(400, 'invalid_argument', `${rest[0]}.yaml, line 1: "nonsense" is no key`, 'known are rules, version');
        texts.set(rest[0], String(body));
      }
      return { text: texts.get(rest[0]) };
    }
    if (rest[0] === 'documents') return { text: 'maxopt: brief/1\nname: Spring trails\n' };
    if (rest[0] === 'alerts') return { body: {} };
    if (rest[0] === 'reports' && method === 'POST') return { body: { id: `r-${(made += 1)}` } };
    return error(404, 'not_found', `there is no ${path}`);
  }

  const streams = new Set();
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://x');
    const common = { 'Content-Security-Policy': kPolicy, 'X-Content-Type-Options': 'nosniff' };
    if (url.pathname === '/api/v1/live/stream') {
      response.writeHead(200, { ...common, 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
      response.write(`id: 1-1\nevent: snapshot\ndata: ${JSON.stringify(other('live.json'))}\n\n`);
      streams.add(response);
      request.on('close', () => streams.delete(response));
      return;
    }
    if (url.pathname.startsWith('/api/v1/')) {
      let text = '';
      request.on('data', (part) => (text += part));
      request.on('end', () => {
        let made_;
        try {
          made_ = answer(request.method, url.pathname.slice(7), url.searchParams, text === '' ? null : /json/.test(request.headers['content-type']) ? JSON.parse(text) : text);
        } catch (failure) {
          made_ = error(500, 'internal', String(failure));
        }
        const bytes = gzipSync(made_.text ?? JSON.stringify(made_.body), { level: 1 });
        response.writeHead(made_.status ?? 200, { ...common, 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' });
        response.end(bytes);
      });
      return;
    }
    const name = normalize(url.pathname === '/' ? '/index.html' : url.pathname);
    const path = join(dist, name);
    if (!path.startsWith(normalize(dist)) || !existsSync(path)) {
      response.writeHead(404, common).end();
      return;
    }
    response.writeHead(200, {
      ...common, 'Content-Type': kTypes[extname(path)] ?? 'application/octet-stream', 'Content-Encoding': 'gzip',
      'Cache-Control': name.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    });
    response.end(gzipSync(readFileSync(path)));
  });
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => {
      resolve({
        origin: `http://127.0.0.1:${server.address().port}`,
        close: () =>
          new Promise((done) => {
            for (const stream of streams) stream.destroy();
            server.closeAllConnections();
            server.close(done);
          }),
      });
    });
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const value = (name) => {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? undefined : process.argv[at + 1];
  };
  const { origin } = await startServer({
    port: Number(value('port') ?? 0), dist: value('dist'), campaigns: Number(value('campaigns') ?? 0),
    hostile: process.argv.includes('--hostile'), role: value('role'),
  });
  console.log(origin);
}
