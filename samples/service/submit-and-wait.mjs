// Submits requests and waits for their answers. usage: node submit-and-wait.mjs SERVICE URL [COUNT]
const [service, url, count = '1'] = process.argv.slice(2);

async function post(path, body) {
  const answer = await fetch(service + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const json = await answer.json();
  if (!answer.ok) throw new Error(json.error);
  return json;
}

const requests = Array.from({ length: Number(count) }, (_, n) => ({ url: `${url}?n=${n}`, priority: 'high' }));
const { request_ids } = await post('/api/v1/requests/bulk', { requests });
const waited = await post('/api/v1/requests/wait', { request_ids, timeout: 300 });
// Without an answer there is no result, and the error says why.
for (const job of waited.results) console.log(job.status, job.result?.status_code ?? job.error.detail, job.url);
console.log(`${waited.completed_count} completed, ${waited.failed_count} failed`);
