/** Who looks at the page: logs in, asks with the token or the cookies of the login, renews them, logs out. */
const BASE = "/api/v1/auth";
let token = null;

function cookie(name) {
  const found = document.cookie.split("; ").find((one) => one.startsWith(`${name}=`));
  return found === undefined ? null : found.slice(name.length + 1);
}

function post(path, body, headers = {}) {
  return fetch(`${BASE}/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

/** Whether a session may be open: asked without one, the service would only refuse. */
export function mayBeOpen() {
  return token !== null || cookie("csrf_access_token") !== null;
}

/** Log in; gives the status of the answer. */
export async function open(identification, password) {
  const answer = await post("login", { identification: identification.trim(), password });
  if (answer.ok) token = (await answer.json()).access_token;
  return answer.status;
}

async function renew() {
  const csrf = cookie("csrf_refresh_token");
  if (csrf === null) return false;
  const answer = await post("refresh", null, { "X-CSRF-TOKEN": csrf });
  if (answer.ok) token = (await answer.json()).access_token;
  return answer.ok;
}

/** GET `path`, with a renewed session where the old one is over. */
export async function ask(path) {
  const headers = () => (token === null ? {} : { Authorization: `Bearer ${token}` });
  const answer = await fetch(path, { headers: headers() });
  return answer.status === 401 && (await renew()) ? fetch(path, { headers: headers() }) : answer;
}

/** Log out. */
export async function close() {
  const headers = token === null ? {} : { Authorization: `Bearer ${token}` };
  token = null;
  await post("logout", null, headers);
}
