/** Keeps the page's own files, so that it begins without a network; the records are kept by the page itself. */

const CACHE = 'herdbook page 1';
const FOLDERS = ['/clients/js/', '/clients/page/'];

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  const {pathname, origin} = new URL(event.request.url);
  const isOurs = origin === location.origin && (pathname === '/' || FOLDERS.some((one) => pathname.startsWith(one)));
  if (event.request.method === 'GET' && isOurs) event.respondWith(answer(event.request));
});

/** The file as it is now, or as it was last where there is no answer. */
async function answer(request) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request, response.clone());
    return response;
  } catch {
    return (await cache.match(request)) ?? Response.error();
  }
}
