using Headgate.App.Runs;
using Headgate.Gates;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.App.Send;

/// <summary>
/// <c>send --explain</c>: a line for each step, with the seconds since the beginning. Of an address it shows no query and of a key its name:
/// no secret is in it.
/// </summary>
internal sealed class Explanation(Engine engine, TextWriter talk, long startedAt)
{
    private readonly Lock _lock = new();

    public void Tell(Exchange exchange, LineStep step)
    {
        var text = step switch
        {
            LineStep.Admitted => Admitted(exchange),
            LineStep.Waits => Waits(exchange),
            LineStep.Permitted => Permitted(exchange.Last!.Permit),
            LineStep.Sent => $"attempt {exchange.Attempts + 1}: sending {exchange.Method} {Place(exchange.Uri)}",
            LineStep.Settled => Settled(exchange, exchange.Last!),
            LineStep.Redirected => $"redirected to {exchange.Method} {Place(exchange.Uri)}{(exchange.Redirect is { DropsCredentials: true } ? ", without credentials: it is another server" : "")}",
            LineStep.KeyDied => $"key {exchange.Last!.Permit.Key!.Name} is not used any more",
            LineStep.Held when exchange.Last!.Failure == FailureClass.Proxy => $"try {exchange.Holds + 1} as soon as there is a proxy; not charged to its retries",
            LineStep.Held => $"pause of {Left(exchange.NextAt)}, for everybody who shares this limit; not charged to its retries",
            LineStep.Retries => $"retry {exchange.RetriesMade}, {(exchange.NextAt <= engine.Clock.Now ? "at once" : $"in {Left(exchange.NextAt)}")}",
            LineStep.Stored => $"the answer is stored: {exchange.Cache!.Header}",
            LineStep.Received => $"whole answer after {Words.Time(exchange.Last!.EndedAt - exchange.Last.SentAt)}",
            _ => null,
        };
        if (text is not null)
            Tell(text);
    }

    public void Tell(string text)
    {
        lock (_lock)
            foreach (var line in text.Split('\n'))
                talk.WriteLine(Words.Invariant($"{(engine.Clock.Now - startedAt) / (double)Clock.Second,10:0.0000} s  {line}"));
    }

    private string Admitted(Exchange exchange)
    {
        var api = engine.UpstreamOf(exchange.Uri);
        var policy = api.Configuration.Policy;
        var lines = new List<string>
        {
            $"API {api.Name}: {(policy.Limits.Count > 0 ? string.Join(", ", policy.Limits) : policy.Learns ? "no limit known, so none until the server shows one" : "no limit")}",
        };
        if (engine.Total.Limits.Any())
            lines.Add($"everything together: {string.Join(", ", engine.Total.Limits)}");
        if (policy.Limits.Count > 0 || api.Keys is not null)
            lines.Add($"timing {policy.Timing}{(api.Terms.Timing == LimitTiming.Bounded ? $": a request arrives at most {Duration.Format(Clock.Span(api.Terms.Bound))} after its first byte" : "")}");
        Remembered(lines, "everything", engine.Total);
        Remembered(lines, api.Name, api.Scope);
        if (api.Keys is { } pool)
            lines.Add($"{pool.Keys.Count} {(pool.Keys.Count == 1 ? "key" : "keys")}{(api.Configuration.Keys!.Limits is { Count: > 0 } limits ? $", each {string.Join(", ", limits)}" : "")}");
        foreach (var key in api.Keys?.Keys ?? [])
            Remembered(lines, $"key {key.Name}", key.Scope);
        return string.Join('\n', lines);
    }

    private void Remembered(List<string> lines, string name, Scope scope)
    {
        var past = engine.Journal.PastOf(scope);
        if (past.FullAtNs is not null)
            lines.Add($"{name}: part of what was sent before is lost, so its limits count as full");
        if (!scope.Limits.Any() || past.Sends.Count == 0)
            return;
        var period = scope.Limits.Max(limit => limit.Period);
        var since = engine.Clock.Now - Clock.Nanoseconds(period);
        var sent = past.Sends.Where(send => send.LateNs > since).Sum(send => UnitCost.In(Limit.Requests, send.Costs));
        if (sent > 0)
            lines.Add($"{name}: {Words.Count(sent)} sent in the {Duration.Format(period)} before, the last {Words.Time(Math.Max(0, engine.Clock.Now - past.Sends.Max(send => send.SentNs)))} ago");
    }

    private string Waits(Exchange exchange) => Forecast.Of(engine, engine.UpstreamOf(exchange.Uri)) is not { } held ? "waiting for its turn"
        : $"waiting for {held.Holding}{(held.At is { } at ? $": {Left(at)}" : ", until an answer comes")}";

    private static string Permitted(Permit permit)
    {
        var waited = permit.GrantedAt - permit.EnqueuedAt;
        var key = permit.Key is { } chosen ? $", with key {chosen.Name}" : "";
        var proxy = permit.Proxy is { } way ? $", through {way.Name}" : "";
        return $"permit{key}{proxy}, {(permit.HeldBy is { } held ? $"after {Words.Time(waited)} for {held.Describe()}" : "at once")}";
    }

    private static string? Settled(Exchange exchange, Attempt attempt)
    {
        if (!attempt.WasSent)
            return $"not sent: {exchange.LastError}";
        var after = Words.Time(attempt.AnsweredAt - attempt.SentAt);
        if (attempt.Answer is not { } answer)
            return $"attempt {exchange.Attempts}: no answer after {after}: {exchange.LastError}";
        return $"attempt {exchange.Attempts}: {AnswerWords.Status(answer)} after {after} (HTTP/{answer.Version})";
    }

    private string Left(long at) => Words.Time(Math.Max(0, at - engine.Clock.Now));

    private static string Place(Uri uri) => uri.GetLeftPart(UriPartial.Path);
}
