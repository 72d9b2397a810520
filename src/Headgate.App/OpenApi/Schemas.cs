using System.Text.Json.Nodes;
using Headgate.Jobs;

namespace Headgate.App.OpenApi;

/// <summary>What the service is sent and answers with, by name.</summary>
internal static class Schemas
{
    private const string Counts = "messages_enqueued: integer; messages_dequeued: integer; messages_processed: integer; messages_failed: integer; messages_retried: integer; messages_dead_lettered: integer; total_processing_time: number; queue_size: integer; active_consumers: integer";

    private const string Concurrency = "current_concurrency: integer; peak_concurrency: integer; uptime: number";

    /// <summary>Those that are made of their members alone.</summary>
    private static readonly Dictionary<string, string> Objects = new()
    {
        ["Attempt"] = "at: time?; sent: boolean; status_code: integer?; elapsed: number?; wait: number?; holding: string?; key: string?; proxy: string?; refused: boolean; error: string?",
        ["Batch"] = "batch: string; status: 'open'|'ended'; total: integer; open: integer; ended: integer; ok: integer; completed: integer; failed: integer; timeout: integer; cancelled: integer; progress: number; eta_seconds: number?; eta: time?",
        ["Bulk"] = "requests: any[]; batch?: string",
        ["BulkVerdicts"] = "request_ids: string[]; count: integer; status: string; timestamp: time; batch?: string; errors: IndexedError[]",
        ["Call"] = "number: integer; at: time; method: string; url: string; api: string; status_code: integer?; class?: string; error: string?; attempts: integer; wait: number; elapsed: number; caller: string?; request_headers: string?; request_body: string?; answer_headers: string?; answer_body: string?",
        ["Calls"] = "calls: Call[]; next: string?",
        ["Cancelled"] = "status: 'cancelled'; request_id: string",
        ["Explanation"] = "request_id: string; status: JobStatus; api: string; queue: string; priority: integer; tenant: string?; limits: string[]; waiting_for: string?; waited_seconds: number; ahead?: integer; starts_in_seconds?: number; starts_at?: time; expires_at: time?",
        ["Health"] = "status: 'healthy'|'draining'|'unhealthy'; timestamp: time; version: string; uptime: number; active_requests: integer; components: map string; mode: 'test'|'full-scale'; requestsPerIncoming: integer; apiKeys: integer; rateLimit: integer; latency: Latency; batchSize: integer",
        ["History"] = "request_id: string; history: Attempt[]",
        ["IndexedError"] = "index: integer; error: string",
        ["JobError"] = "class: string; detail: string?",
        ["JobPage"] = "requests: Job[]; next: string?",
        ["JobWait"] = "gate: number?; holding: string?",
        ["Latency"] = "min: number; max: number",
        ["Latencies"] = "average: number; median: number; p95: number",
        ["Limiter"] = "algorithm: string; rule_name: string; limit: integer; window: number; unit: string; available: integer; granted: integer; held: integer",
        ["ManyCancelled"] = "matched: integer; cancelled: integer; dry_run: boolean",
        ["ManyDeleted"] = "matched: integer; deleted: integer; dry_run: boolean",
        ["ManySubmitted"] = "matched: integer; submitted: integer; maybe_sent: integer; refused: integer; dry_run: boolean",
        ["NewToken"] = "name: string; token: string",
        ["Performance"] = $"requests_per_second: number; average_latency: number; success_rate: number; {Concurrency}",
        ["PoolFigures"] = "total_connections: integer; active_connections: integer; idle_connections: integer; stale_connections: integer; error_connections: integer; hit_rate: number; connections_created: integer; connections_closed: integer",
        ["Processed"] = "results: any[]; processingTime: integer; requestCount: integer; timestamp: time",
        ["Queue"] = "queue: string; workers: integer?; paused: boolean; limits: string[]; open?: integer",
        ["QueueFigures"] = Counts,
        ["Cache"] = "memory?: CacheRoom; disk?: CacheRoom?; evicted?: integer; fetched?: integer; apis?: ApiCache[]; url?: string; api?: string; cache?: string; answers?: CachedAnswer[]; note?: string?",
        ["CacheRoom"] = "bytes: integer; limit: integer; entries: integer",
        ["ApiCache"] = "api: string; cache: string; hits: integer; collapsed: integer; revalidated: integer; stale: integer; misses: integer; stored: integer; forwarded: CacheForwards",
        ["CacheForwards"] = "uri_miss: integer; vary_miss: integer; stale: integer; request: integer; partial: integer; method: integer; bypass: integer; miss: integer",
        ["CachedAnswer"] = "status: integer; received_at: time; age: number; fresh_for: number; bytes: integer; whole: boolean; place: string; vary: string[]; etag: string?; last_modified: string?; groups: string[]; whose: string; served: boolean; why: string",
        ["Keys"] = "keys: PoolKey[]",
        ["LimitNow"] = "limit: string; learned: boolean; left: integer?; wait: number?",
        ["LimitSettings"] = "limits: string[]",
        ["LimitsSet"] = "by: string; at: time; was: string[]",
        ["Place"] = "of: string; limits: string[]; set: LimitsSet?; now: LimitNow[]",
        ["Places"] = "limits: Place[]",
        ["PoolKey"] = "upstream: string; key: string; state: string; until: time?; reason: string?; limits: LimitNow[]",
        ["PoolProxy"] = "pool: string; proxy: string; state: string; until: time?; reason: string?; country: string?; exit: string?; weight: integer; in_flight: integer; taken: integer; faults: integer; latency: number?; at: ExitNow[]",
        ["ExitNow"] = "upstream: string; reason: string?; limits: LimitNow[]",
        ["Proxies"] = "pools: ProxyPool[]; proxies: PoolProxy[]",
        ["ProxyPool"] = "pool: string; choose: string; proxies: integer; trouble: string?",
        ["Upstream"] = "upstream: string; base: string[]; configured: boolean; state: string; until: time?; paused_by: string?; waiting: integer; in_flight: integer; keys: KeyCount?",
        ["KeyCount"] = "usable: integer; all: integer",
        ["Upstreams"] = "upstreams: Upstream[]",
        ["Queues"] = "queues: Queue[]",
        ["QueueSettings"] = "workers: integer?",
        ["Replayed"] = "request_id: string; status: string; replaces: string; timestamp: time",
        ["Schedule"] = "name: string; cron: string; timezone: string; paused: boolean; request: Request; next: time?",
        ["ScheduleSettings"] = "cron: string; timezone?: string; request: Request; paused?: boolean",
        ["Schedules"] = "schedules: Schedule[]",
        ["Submitted"] = "request_id: string; status: 'submitted'; timestamp: time",
        ["Token"] = "name: string; hash: string; scopes: string[]; tenant?: string; created?: time; expires?: time",
        ["TokenSettings"] = "name: string; scopes: string[]; tenant?: string; expires?: time",
        ["Tokens"] = "tokens: Token[]",
        ["Wait"] = "request_ids: string[]; timeout?: Duration",
        ["Waited"] = "results: Job[]; count: integer; completed_count: integer; failed_count: integer; pending: string[]; unknown: string[]",
        ["Word"] = "status: string",
        // The job, and its answer.
        ["Job"] = "request_id: string; id: string?; line: integer?; url: string?; method: string?; status: JobStatus; ok: boolean; result: Result?; result_omitted?: boolean; latency: number?; attempts: integer; created_at: time?; started_at: time?; completed_at: time?; last_error: string?; error: JobError?; wait: JobWait; key: string?; proxy: string?; cache: string?; maybe_sent: boolean; chaos?: string; context: any; tags: string[]; api?: string?; queue?: string; batch?: string?; priority?: integer; tenant?: string?; replaced_by?: string",
        ["Result"] = "request_id: string; status_code: integer; headers: map any; content?: string; content_base64?: string; elapsed: number?; text: string?; proxy_used: string?; cached: boolean; error: string?",
        // The statistics object of the original.
        ["Breaker"] = "state: 'closed'|'open'|'half_open'; failures: integer; last_failure: time?; opens: integer",
        ["CacheFigures"] = "entries: integer; hit_rate: number",
        ["Components"] = "connection_pool: ConnectionPool; rate_limiter: RateLimiter; queue_manager: QueueManager",
        ["ConnectionPool"] = "pool_stats: PoolFigures; performance: PoolPerformance; host_distribution: map integer; host_latencies: map Latencies; proxy_stats: map any",
        ["Permits"] = "total_requests: integer; allowed_requests: integer; denied_requests: integer; denial_rate: number; success_rate: number",
        ["PoolPerformance"] = "total_requests: integer; average_latency: number; proxy_rotations: integer",
        ["QueueManager"] = "global_stats: QueueFigures; queue_stats: map QueueFigures; backend_stats: map integer; active_consumers: string[]; queue_type: string",
        ["RateLimiter"] = "global_stats: Permits; rules_triggered: map integer; algorithm_usage: map integer; limiter_stats: map Limiter; active_rules: string[]",
        ["RequestFigures"] = "total: integer; ok: integer; completed: integer; failed: integer; timeout: integer; cancelled: integer; open: integer; retried: integer; rate_limited: integer; cached: integer; success_rate: number; requests_per_second: number",
        ["Statistics"] = "requests: RequestFigures; performance: SummedPerformance; components: Components; cache: CacheFigures; circuit_breakers: map Breaker",
        ["SummedPerformance"] = $"average_latency: number; {Concurrency}",
    };

    /// <summary>All of them.</summary>
    public static JsonObject Create()
    {
        var all = new SortedDictionary<string, JsonObject>(StringComparer.Ordinal);
        foreach (var (name, members) in Objects)
            all[name] = ObjectSchema.Of(members);
        all["Request"] = RequestSchema.Create();
        all["Duration"] = RequestSchema.Duration();
        all["Moment"] = RequestSchema.Duration();
        all["Moment"]["description"] = "A time (RFC 3339), or a duration from when it is accepted.";
        all["JobStatus"] = new JsonObject { ["type"] = "string", ["enum"] = new JsonArray([.. Enum.GetValues<JobStatus>().Select(status => (JsonNode)WireNames.Of(status))]) };
        all["Problem"] = ObjectSchema.Of("type: string; title: string; status: integer; detail: string; error: string; class?: string", isOpen: true);
        all["Process"] = ObjectSchema.Of("requests?: any[]; requestCount?: integer");
        all["ImportVerdict"] = new JsonObject
        {
            ["description"] = "A line of the answer: a request that was accepted, one that was not, and at the end how many there were, or why it ended before its end.",
            ["anyOf"] = new JsonArray(
                ObjectSchema.Of("line: integer; request_id: string; id?: string"),
                ObjectSchema.Of("line: integer; column: integer; error: string"),
                ObjectSchema.Of("status: 'submitted'; count: integer; refused: integer; timestamp: time"),
                ObjectSchema.Of("status: integer; error: string; line: integer")),
        };
        return new JsonObject(all.Select(schema => KeyValuePair.Create(schema.Key, (JsonNode?)schema.Value)));
    }
}
