using System.Text;
using System.Text.Json;
using Headgate.App.CommandLine;
using Headgate.Jobs;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.App.Runs;

/// <summary>What a run came to: for people on stderr, or as one JSON object.</summary>
internal sealed class Summary
{
    private readonly RunOptions _options;
    private readonly Tally _tally;
    private readonly long _wall;

    /// <summary>Less than the wall time where lines that were given up had gone on waiting.</summary>
    private readonly long _toLastResult;
    private readonly long _held;
    private readonly long? _bound;
    private readonly long? _nominal;
    private readonly long? _timeless;

    public Summary(RunOptions options, Engine engine, Tally tally, Bound bound, RunFiles files)
    {
        (_options, _tally) = (options, tally);
        _held = bound.Held(tally.StoppedAt);
        (_wall, _toLastResult) = (tally.StoppedAt - tally.StartedAt, tally.EndedAt - tally.StartedAt);
        _bound = tally.Sent > 0 ? bound.Of(engine, tally.StartedAt, BoundKind.Real) : null;
        _nominal = _bound is null ? null : bound.Of(engine, tally.StartedAt, BoundKind.Nominal);
        // Only where the way of the requests is what costs is it worth a word.
        _timeless = _bound > _nominal * 1.02 ? bound.Of(engine, tally.StartedAt, BoundKind.Timeless) : null;
        IsResume = files.IsResume;
    }

    /// <summary>Why the run stopped by itself; null if it did not.</summary>
    public string? StopReason { get; init; }

    private bool IsResume { get; }

    /// <summary>The part of the wall time that could not have been saved; null where no limit was in the way.</summary>
    private double? Efficiency => _bound is { } bound && _toLastResult > 0 ? Math.Min(1, bound / (double)_toLastResult) : null;

    public void Write(TextWriter talk, TextWriter output, ExitCode code)
    {
        if (!_options.Json)
        {
            talk.Write(Text(code));
            return;
        }
        // Standard output is free when the results go to a file.
        (_options.Results is null ? talk : output).WriteLine(Json(code));
    }

    private string Text(ExitCode code)
    {
        var text = new StringBuilder();
        var before = _tally.DoneBefore > 0 ? $", {Words.Count(_tally.DoneBefore)} done before" : "";
        text.AppendLine($"headgate: {Words.Count(_tally.Finished)} {(_tally.Finished == 1 ? "line" : "lines")}: {Words.Count(_tally.Ok)} ok, {Words.Count(_tally.Failed)} failed{before}");
        foreach (var (failure, count) in _tally.ByClass)
            text.AppendLine($"  {WireNames.Of(failure),-14}{Words.Count(count)}");
        if (_tally.Sent > 0)
        {
            text.AppendLine($"  sent          {Words.Count(_tally.Sent)} ({Words.Count(_tally.Retries)} retries, {Words.Count(_tally.Refusals)} refused by a limit, {Words.Count(_tally.Resent)} sent again after a crash)");
            text.AppendLine($"  waited        p50 {Words.Time(_tally.Waits.Quantile(0.5))}, p95 {Words.Time(_tally.Waits.Quantile(0.95))}, p99 {Words.Time(_tally.Waits.Quantile(0.99))}");
            text.AppendLine($"  took          p50 {Words.Time(_tally.Latencies.Quantile(0.5))}, p95 {Words.Time(_tally.Latencies.Quantile(0.95))}, p99 {Words.Time(_tally.Latencies.Quantile(0.99))}");
        }
        if (_tally.CacheHits > 0)
            text.AppendLine($"  cache hits    {Words.Count(_tally.CacheHits)}");
        foreach (var (key, count) in _tally.ByKey)
            text.AppendLine($"  key {key,-10}{Words.Count(count)}");
        foreach (var (proxy, sent, faults) in _tally.ByProxy)
            text.AppendLine($"  proxy {proxy}  {Words.Count(sent)}{(faults > 0 ? $" ({Words.Count(faults)} more came to nothing, by its fault)" : "")}");
        var last = _toLastResult < _wall * 0.98 ? $" (the last result after {Words.Time(_toLastResult)})" : "";
        text.AppendLine($"  time          {Words.Time(_wall)}{last}{(_bound is { } bound ? $", best possible {Words.Time(bound)}: {Words.Percent(Efficiency ?? 1)}" : "")}{(_tally.WaitingFor is { } holding ? $", held by {holding}" : "")}");
        if (_held > 0)
            text.AppendLine($"  paused        {Words.Time(_held)} as the API asked");
        if (_bound is { } real && _timeless is { } timeless && real > timeless * 1.02)
            text.AppendLine($"  timing        {Words.Time(timeless)} if requests were known to arrive when they are sent; {Regain()} would regain the difference");
        if (code == ExitCode.GivenUp)
            text.AppendLine($"  stopped       {StopReason ?? $"more than {_options.MaxFailures} failed"}{Left()}");
        if (code is ExitCode.Interrupted or ExitCode.GivenUp && _tally.IsIncomplete && _options.Results is not null)
            text.AppendLine($"  to go on      run the same command again");
        return text.ToString();
    }

    private string Left() => _tally.Total is { } total && total > _tally.Finished + _tally.DoneBefore ? $", {Words.Count(total - _tally.Finished - _tally.DoneBefore)} left" : "";

    private string Regain() => $"{(_options.Engine.Configuration.Defaults.Timing.Mode == LimitTiming.Guaranteed ? "a bound" : "a smaller bound")} (--timing bounded:100ms), if the way to the API is that quick,";

    private string Json(ExitCode code)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("total", _tally.Finished + _tally.DoneBefore);
            json.WriteNumber("finished", _tally.Finished);
            json.WriteNumber("ok", _tally.Ok);
            json.WriteNumber("failed", _tally.Failed);
            json.WriteStartObject("failed_by_class");
            foreach (var (failure, count) in _tally.ByClass)
                json.WriteNumber(WireNames.Of(failure), count);
            json.WriteEndObject();
            json.WriteNumber("done_before", _tally.DoneBefore);
            json.WriteNumber("sent", _tally.Sent);
            json.WriteNumber("retried", _tally.Retries);
            json.WriteNumber("refused", _tally.Refusals);
            json.WriteNumber("cache_hits", _tally.CacheHits);
            json.WriteNumber("resent", _tally.Resent);
            json.WriteStartObject("keys");
            foreach (var (key, count) in _tally.ByKey)
                json.WriteNumber(key, count);
            json.WriteEndObject();
            json.WriteStartObject("proxies");
            foreach (var (proxy, sent, faults) in _tally.ByProxy)
            {
                json.WriteStartObject(proxy);
                json.WriteNumber("sent", sent);
                json.WriteNumber("faults", faults);
                json.WriteEndObject();
            }
            json.WriteEndObject();
            WriteQuantiles(json, "wait", _tally.Waits);
            WriteQuantiles(json, "latency", _tally.Latencies);
            json.WriteNumber("wall", Seconds(_wall));
            WriteOptional(json, "bound", _bound is { } bound ? Seconds(bound) : null);
            WriteOptional(json, "nominal_bound", _nominal is { } nominal ? Seconds(nominal) : null);
            WriteOptional(json, "efficiency", Efficiency is { } efficiency ? Math.Round(efficiency * 100, 2) : null);
            json.WriteNumber("held", Seconds(_held));
            json.WriteString("holding", _tally.WaitingFor);
            json.WriteBoolean("resumed", IsResume);
            json.WriteNumber("exit_code", (int)code);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void WriteQuantiles(Utf8JsonWriter json, string name, Histogram histogram)
    {
        json.WriteStartObject(name);
        json.WriteNumber("p50", Seconds(histogram.Quantile(0.5)));
        json.WriteNumber("p95", Seconds(histogram.Quantile(0.95)));
        json.WriteNumber("p99", Seconds(histogram.Quantile(0.99)));
        json.WriteEndObject();
    }

    private static void WriteOptional(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number)
            json.WriteNumber(name, number);
        else
            json.WriteNull(name);
    }

    private static double Seconds(long nanoseconds) => Math.Round(nanoseconds / (double)Clock.Second, 6);
}
