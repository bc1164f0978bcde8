/* Max Optimizer's first-party tag: docs/tracking.md. */
(function (win, doc) {
  var script = doc.currentScript;
  if (!script || win.__maxopt) return;
  win.__maxopt = 1;
  var to = script.src.replace(/\/tag\.js.*$/, '');
  var KEY = '_maxopt', SECONDS = 90 * 86400;
  var CLICK = /^(gclid|gbraid|wbraid|dclid|fbclid|ttclid|msclkid|li_fat_id|epik|sccid|rdt_cid|twclid|maas)$/;
  var consent = script.getAttribute('data-consent') === 'granted';
  var here = { utm: {}, click: {} }, probe;

  function random() {
    var out = '';
    crypto.getRandomValues(new Uint8Array(16)).forEach(function (byte) {
      out += (byte + 256).toString(16).slice(1);
    });
    return out;
  }
  function some(map) { return Object.keys(map).length > 0; }
  function cookie(name) {
    var at = ('; ' + doc.cookie).split('; ' + name + '=')[1];
    try { return at && decodeURIComponent(at.split(';')[0]); } catch (e) { }
  }

  location.search.slice(1).split('&').forEach(function (pair) {
    try {
      var at = pair.indexOf('=');
      var name = decodeURIComponent(pair.slice(0, Math.max(at, 0))).toLowerCase();
      var value = decodeURIComponent(pair.slice(at + 1).replace(/\+/g, ' ')).slice(0, 500);
    } catch (e) { return; }
    if (!value) return;
    if (/^utm_[a-z_]{1,30}$/.test(name)) here.utm[name] = value;
    else if (CLICK.test(name)) here.click[name] = value;
    else if (name === 'maxopt_probe') probe = value;
  });

  function load() {
    try {
      var kept = JSON.parse(cookie(KEY) || localStorage.getItem(KEY));
      return kept.until > Date.now() ? kept : null;
    } catch (e) { return null; }
  }
  function write(text, seconds) {
    doc.cookie = KEY + '=' + encodeURIComponent(text) + ';path=/;samesite=lax;max-age=' + seconds +
      (location.protocol === 'https:' ? ';secure' : '');
    try {
      if (seconds) localStorage.setItem(KEY, text); else localStorage.removeItem(KEY);
    } catch (e) { }
  }
  /* Kept: the last visit that came from somewhere, and a number for the visitor. */
  function remember() {
    var old = load(), kept = old || { visitor: random(), utm: {}, click: {} };
    if (some(here.utm) || some(here.click)) { old = 0; kept.utm = here.utm; kept.click = here.click; }
    if (!old) {
      kept.until = Date.now() + SECONDS * 1000;
      write(JSON.stringify(kept), SECONDS);
    }
    return kept;
  }

  function send(name, more, id) {
    var event = {
      id: String(more.id || id || random()), event: name, at: new Date().toISOString(),
      url: location.origin + location.pathname, consent: consent ? 'granted' : 'denied'
    };
    var from = doc.referrer.split(/[?#]/)[0], value = more.value;
    if (from) event.referrer = from;
    if (value !== undefined) {
      event.value = String(typeof value === 'number' ? +value.toFixed(6) : value);
      event.currency = more.currency;
    }
    var source = consent ? remember() : here;
    if (some(source.utm)) event.utm = source.utm;
    if (consent) {
      event.visitor = source.visitor;
      if (some(source.click)) event.click_ids = source.click;
      ['fbp', 'fbc', 'ttp'].forEach(function (id) {
        var own = cookie('_' + id);
        if (own) (event.browser_ids = event.browser_ids || {})[id] = own;
      });
      if (more.email) event.email = more.email;
      if (more.phone) event.phone = more.phone;
    }
    var text = JSON.stringify({ site: script.getAttribute('data-site'), events: [event] });
    /* As text/plain: no preflight. */
    try { if (navigator.sendBeacon(to + '/e', text)) return; } catch (e) { }
    new Image().src = to + '/c?d=' + encodeURIComponent(text);
  }

  function api(what, value) {
    if (what === 'event' && value && value.name) send(value.name, value);
    if (what === 'consent') {
      consent = value === true || value === 'granted';
      if (consent) remember(); else write('', 0);
    }
  }
  /* What was said before the tag was there; consent first, the page view asks for it. */
  var early = (win.maxopt || 0).q || [];
  function replay(consents) {
    early.forEach(function (call) {
      if ((call[0] === 'consent') === consents) api(call[0], call[1]);
    });
  }
  win.maxopt = api;
  replay(true);
  send('page_view', {}, probe && 'probe-' + probe);
  replay(false);
})(window, document);
