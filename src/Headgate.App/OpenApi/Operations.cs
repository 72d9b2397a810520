namespace Headgate.App.OpenApi;

/// <summary>The one table of what is told of the calls of the service, by method and pattern of the path.</summary>
internal static class Operations
{
    private const string Jobs = "Jobs";
    private const string Many = "Many at once";
    private const string Queues = "Queues and schedules";
    private const string Simple = "One call, one answer";
    private const string State = "How it is";
    private const string Tokens = "Tokens";
    private const string Limits = "Limits, APIs, keys and proxies";
    private const string Passed = "Calls that are passed on";

    private static readonly (string, string)[] Filter =
    [
        ("status", "open, ended, completed, failed, timeout or cancelled"), ("ok", "true or false, of those that ended"), ("class", "of the failure"), ("api", "by name"), ("queue", "by name"),
        ("tenant", "by name"), ("tag", "by name"), ("batch", "by name"), ("url", "a text in the URL"), ("since", "when they were accepted: a time, or how long ago"), ("until", "the same, as the end"),
    ];

    private static readonly (string, string)[] Page = [.. Filter, ("limit", "1 to 1000, 100 by default"), ("after", "the next of the page before, with the same filter and order"), ("order", "oldest or newest: which come first; oldest by default")];
    private static readonly (string, string)[] OfMany = [.. Filter, ("all", "true for all of them"), ("dry_run", "true to count them only")];
    private static readonly (string, string)[] OfReplay = [.. OfMany, ("rate", "how fast they begin, for example 10/s")];
    private static readonly (string, string) Key = ("Idempotency-Key", "told again with the same key, the same requests are the same jobs");

    private static readonly (string, string)[] OfPassed =
    [
        ("Headgate-Priority", "1 to 5, or its name"), ("Headgate-Tenant", "on whose behalf"), ("Headgate-Deadline", "by when the answer is of use"), ("Headgate-Cost", "what it costs beside one request"),
    ];

    public static readonly IReadOnlyDictionary<(string Method, string Route), Operation> All = new Dictionary<(string, string), Operation>
    {
        [("POST", "/api/v1/request")] = new("submit", Jobs, "Accepts a request.") { Body = "Request", Answers = [(202, "Submitted"), (200, "Job"), (400, "Problem"), (422, "Problem")], Headers = [Key, ("Prefer", "wait=10: answered with the job if it ends within so many seconds")] },
        [("GET", "/api/v1/request/{id}")] = new("getJob", Jobs, "A job as it stands.") { Answers = [(200, "Job"), (404, "Problem")] },
        [("DELETE", "/api/v1/request/{id}")] = new("cancel", Jobs, "Gives a job up.") { Answers = [(200, "Cancelled"), (400, "Problem"), (404, "Problem")] },
        [("GET", "/api/v1/request/{id}/attempts")] = new("getAttempts", Jobs, "Each attempt of a job.") { Answers = [(200, "History"), (404, "Problem")] },
        [("GET", "/api/v1/request/{id}/curl")] = new("getCurl", Jobs, "The request of a job as a curl command.") { Answers = [(200, "any"), (404, "Problem")], AnswerType = "text/plain" },
        [("GET", "/api/v1/request/{id}/explain")] = new("explain", Jobs, "What a job waits for.") { Answers = [(200, "Explanation"), (404, "Problem")] },
        [("POST", "/api/v1/request/{id}:retry")] = new("retryJob", Jobs, "Does a job once more that ended and is not ok, with what of it is to be otherwise (RFC 7396).") { Body = "any", NeedsBody = false, Answers = [(202, "Replayed"), (400, "Problem"), (404, "Problem"), (409, "Problem")] },
        [("GET", "/api/v1/requests")] = new("findJobs", Jobs, "Jobs, page by page.") { Answers = [(200, "JobPage"), (400, "Problem")], Query = Page },
        [("POST", "/api/v1/requests/bulk")] = new("submitMany", Jobs, "Accepts requests, each by itself.") { Body = "Bulk", Answers = [(202, "BulkVerdicts"), (400, "Problem")], Headers = [Key] },
        [("POST", "/api/v1/requests/wait")] = new("wait", Jobs, "Waits for jobs.") { Body = "Wait", Answers = [(200, "Waited"), (400, "Problem")] },
        [("POST", "/api/v1/requests:import")] = new("import", Jobs, "Accepts any number of requests, one a line; a verdict for each comes while they are sent.")
        {
            Body = "Request", BodyType = "application/x-ndjson", NeedsBody = false, AnswerType = "application/x-ndjson", Answers = [(202, "ImportVerdict"), (415, "Problem")], Headers = [Key, ("Content-Encoding", "gzip, or nothing")],
        },
        [("POST", "/process")] = new("process", Jobs, "A batch whose results come together; without requests, one that is simulated.") { Body = "Process", NeedsBody = false, Answers = [(200, "Processed"), (400, "Problem")] },

        [("POST", "/api/v1/requests:cancel")] = new("cancelMany", Many, "Gives up the jobs that fit.") { Answers = [(200, "ManyCancelled"), (400, "Problem")], Query = OfMany },
        [("POST", "/api/v1/requests:retry")] = new("retryMany", Many, "Does those that fit, ended and are not ok once more.") { Answers = [(200, "ManySubmitted"), (400, "Problem")], Query = OfReplay },
        [("GET", "/api/v1/dlq")] = new("findDeadLetters", Many, "Jobs that failed, or were too late.") { Answers = [(200, "JobPage"), (400, "Problem")], Query = Page },
        [("POST", "/api/v1/dlq:replay")] = new("replayDeadLetters", Many, "Does the dead letters that fit once more.") { Answers = [(200, "ManySubmitted"), (400, "Problem")], Query = OfReplay },
        [("POST", "/api/v1/dlq/{id}:replay")] = new("replayDeadLetter", Many, "Does a dead letter once more, with what of it is to be otherwise (RFC 7396).") { Body = "any", NeedsBody = false, Answers = [(202, "Replayed"), (400, "Problem"), (404, "Problem"), (409, "Problem")] },
        [("DELETE", "/api/v1/dlq")] = new("deleteDeadLetters", Many, "Forgets the dead letters that fit.") { Answers = [(200, "ManyDeleted"), (400, "Problem")], Query = OfMany },
        [("DELETE", "/api/v1/dlq/{id}")] = new("deleteDeadLetter", Many, "Forgets a dead letter.") { Answers = [(200, "ManyDeleted"), (404, "Problem")] },
        [("GET", "/api/v1/batches/{batch}")] = new("getBatch", Many, "How far a batch has come.") { Answers = [(200, "Batch"), (404, "Problem")] },

        [("GET", "/api/v1/queues")] = new("listQueues", Queues, "The named queues.") { Answers = [(200, "Queues")] },
        [("PUT", "/api/v1/queues/{queue}")] = new("changeQueue", Queues, "Bounds a queue.") { Body = "QueueSettings", Answers = [(200, "Queue"), (400, "Problem")] },
        [("POST", "/api/v1/queues/{queue}:pause")] = new("pauseQueue", Queues, "Nothing of a queue is begun until it is resumed.") { Answers = [(200, "Queue"), (400, "Problem")] },
        [("POST", "/api/v1/queues/{queue}:resume")] = new("resumeQueue", Queues, "A queue goes on.") { Answers = [(200, "Queue"), (400, "Problem")] },
        [("GET", "/api/v1/schedules")] = new("listSchedules", Queues, "The schedules.") { Answers = [(200, "Schedules")] },
        [("GET", "/api/v1/schedules/{name}")] = new("getSchedule", Queues, "A schedule.") { Answers = [(200, "Schedule"), (404, "Problem")] },
        [("PUT", "/api/v1/schedules/{name}")] = new("putSchedule", Queues, "Submits a request at each time of a cron expression.") { Body = "ScheduleSettings", Answers = [(201, "Schedule"), (200, "Schedule"), (400, "Problem")] },
        [("DELETE", "/api/v1/schedules/{name}")] = new("deleteSchedule", Queues, "Ends a schedule.") { Answers = [(204, null), (404, "Problem")] },
        [("POST", "/api/v1/schedules/{name}:run")] = new("runSchedule", Queues, "Submits the request of a schedule now.") { Answers = [(202, "Submitted"), (404, "Problem")] },
        [("GET", "/api/v1/events")] = new("events", Queues, "A stream of server-sent events of jobs.")
        {
            Answers = [(200, "any"), (400, "Problem")], AnswerType = "text/event-stream",
            Query = [("events", "which, with commas between"), ("tenant", "whose"), ("request_id", "of which job"), ("last_event_id", "as the header of that name")], Headers = [("Last-Event-ID", "the last that was heard")],
        },

        [("GET", "/api/v1/get")] = new("get", Simple, "Sends a GET, and answers with its result.") { Answers = Sent, Query = [("url", "where to")], NeededQuery = "url" },
        [("DELETE", "/api/v1/delete")] = new("delete", Simple, "Sends a DELETE, and answers with its result.") { Answers = Sent, Query = [("url", "where to")], NeededQuery = "url" },
        [("POST", "/api/v1/post")] = new("post", Simple, "Sends a POST, and answers with its result.") { Body = "Request", Answers = Sent },
        [("PUT", "/api/v1/put")] = new("put", Simple, "Sends a PUT, and answers with its result.") { Body = "Request", Answers = Sent },

        [("*", "/up/{api}")] = new("call", Passed, "Goes to the API of that name within its limits, and its answer comes back.") { Answers = [], PassesOn = true, Headers = OfPassed },
        [("*", "/up/{api}/{**path}")] = new("callPath", Passed, "Goes to the API of that name within its limits, and its answer comes back.") { Answers = [], PassesOn = true, Headers = OfPassed },

        [("GET", "/health")] = new("health", State, "Whether it is well; busy is not unhealthy.") { Answers = [(200, "Health")] },
        [("GET", "/status")] = new("status", State, "Counts and rates since the start.") { Answers = [(200, "Statistics")] },
        [("GET", "/api/v1/statistics")] = new("statistics", State, "The same as /status.") { Answers = [(200, "Statistics")] },
        [("GET", "/api/v1/performance")] = new("performance", State, "The rates alone.") { Answers = [(200, "Performance")] },
        [("GET", "/metrics")] = new("metrics", State, "Figures for Prometheus.") { Answers = [(200, "any")], AnswerType = "text/plain" },
        [("GET", "/livez")] = new("live", State, "Whether the process does anything at all.") { Answers = [(200, "Word")] },
        [("GET", "/readyz")] = new("ready", State, "Whether it takes work.") { Answers = [(200, "Word")] },
        [("GET", "/startupz")] = new("started", State, "Whether it has started.") { Answers = [(200, "Word")] },
        [("GET", "/openapi.json")] = new("openapi", State, "This document.") { Answers = [(200, "any")] },

        [("GET", "/api/v1/calls")] = new("findCalls", Passed, "Calls that were recorded, the latest first.")
        {
            Answers = [(200, "Calls"), (400, "Problem"), (404, "Problem")],
            Query = [("q", "words that are in them"), ("api", "by name"), ("status", "that was answered"), ("failed", "true or false"), ("limit", "1 to 1000, 100 by default"), ("before", "the next of the page before")],
        },

        [("GET", "/api/v1/limits")] = new("listLimits", Limits, "The limits of everything, of each API and its parts.") { Answers = [(200, "Places")] },
        [("GET", "/api/v1/limits/{**of}")] = new("getLimits", Limits, "The limits of one of them.") { Answers = [(200, "Place"), (404, "Problem")] },
        [("PUT", "/api/v1/limits/{**of}")] = new("setLimits", Limits, "Sets limits above the configuration; no window is opened again.") { Body = "LimitSettings", Answers = [(200, "Place"), (400, "Problem"), (404, "Problem")] },
        [("POST", "/api/v1/limits:reset")] = new("resetAllLimits", Limits, "What was set ends, everywhere.") { Answers = [(200, "Places")] },
        [("POST", "/api/v1/limits/{**of}")] = new("resetLimits", Limits, "What was set ends.") { Paths = [new("/api/v1/limits/{of}:reset", "resetLimits", "What was set ends, of one of them.")], Answers = [(200, "Place"), (404, "Problem")] },
        [("GET", "/api/v1/upstreams")] = new("listUpstreams", Limits, "The APIs, and how each stands.") { Answers = [(200, "Upstreams")] },
        [("POST", "/api/v1/upstreams/{**name}")] = new("pauseUpstream", Limits, "Pauses an API.")
        {
            Paths = [new("/api/v1/upstreams/{name}/pause", "pauseUpstream", "Lets nothing more go to an API."), new("/api/v1/upstreams/{name}/resume", "resumeUpstream", "An API goes on.")],
            Answers = [(200, "Upstream"), (404, "Problem")],
        },
        [("GET", "/api/v1/keys")] = new("listKeys", Limits, "The keys of the APIs, by name.") { Answers = [(200, "Keys")] },
        [("POST", "/api/v1/keys/{**name}")] = new("pauseKey", Limits, "Pauses a key.")
        {
            Paths = [new("/api/v1/keys/{upstream}/{name}/pause", "pauseKey", "A key of an API is not used until it is resumed."), new("/api/v1/keys/{upstream}/{name}/resume", "resumeKey", "A key is used again, a dead one too.")],
            Answers = [(200, "PoolKey"), (404, "Problem")],
        },
        [("GET", "/api/v1/proxies")] = new("listProxies", Limits, "The pools of proxies, and how each proxy stands.") { Answers = [(200, "Proxies")] },
        [("POST", "/api/v1/proxies/{**name}")] = new("pauseProxy", Limits, "Pauses a proxy.")
        {
            Paths = [new("/api/v1/proxies/{pool}/{proxy}/pause", "pauseProxy", "A proxy of a pool is not used until it is resumed."), new("/api/v1/proxies/{pool}/{proxy}/resume", "resumeProxy", "A proxy is used again, and its faults are forgotten.")],
            Answers = [(200, "PoolProxy"), (404, "Problem")],
        },
        [("GET", "/api/v1/cache")] = new("getCache", Limits, "What the cache has and how often it had the answer; of a URL, the answers that are kept of it.")
        {
            Answers = [(200, "Cache"), (400, "Problem")], Query = [("url", "an absolute URL: what is kept of it, rather than figures")],
        },
        [("DELETE", "/api/v1/cache")] = new("purgeCache", Limits, "Removes answers that are kept.")
        {
            Answers = [(200, "ManyDeleted"), (400, "Problem")],
            Query = [("url", "of this URL"), ("prefix", "of all URLs that begin so"), ("api", "of the API of that name"), ("all", "true for all of them"), ("dry_run", "true to count them only")],
        },
        [("GET", "/api/v1/config")] = new("getConfig", Limits, "Every setting, with the place it came from.") { Answers = [(200, "any")] },

        [("GET", "/api/v1/tokens")] = new("listTokens", Tokens, "The tokens in the data directory.") { Answers = [(200, "Tokens")] },
        [("POST", "/api/v1/tokens")] = new("addToken", Tokens, "Makes a token, which is shown this once.") { Body = "TokenSettings", Answers = [(201, "NewToken"), (400, "Problem"), (403, "Problem")] },
        [("DELETE", "/api/v1/tokens/{name}")] = new("removeToken", Tokens, "Removes a token.") { Answers = [(204, null), (404, "Problem")] },
    };

    private static IReadOnlyList<(int, string?)> Sent => [(200, "Result"), (400, "Problem"), (403, "Problem"), (408, "Problem"), (502, "Problem"), (503, "Problem")];
}
