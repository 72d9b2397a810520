using System.Text.Json;
using Headgate.App.CommandLine;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.App.Runs;

/// <summary>Tells how far a run is: a line that is drawn over on a terminal, one a few seconds as text, or one a second as JSON.</summary>
internal sealed class Progress : IAsyncDisposable
{
    /// <summary>Left free at the end of the line, for the ^C of whoever ends it: a line that it breaks could not be drawn over.</summary>
    private const int Margin = 3;

    private readonly RunOptions _options;
    private readonly Engine _engine;
    private readonly Tally _tally;
    private readonly TextWriter _talk;
    private readonly Terminal _terminal = Terminal.OfProcess();
    private readonly ITimer? _timer;
    private readonly bool _drawsOver;
    private readonly Queue<(long At, long Sent)> _recent = new();

    public Progress(RunOptions options, Engine engine, Tally tally, TextWriter talk, TimeProvider time)
    {
        (_options, _engine, _tally, _talk) = (options, engine, tally, talk);
        _drawsOver = options.Progress == ProgressMode.Auto && _terminal.IsTerminal && !options.Json;
        TimeSpan? every = options.Progress switch
        {
            ProgressMode.Auto when _drawsOver => TimeSpan.FromMilliseconds(200),
            ProgressMode.Plain => TimeSpan.FromSeconds(2),
            ProgressMode.Json => TimeSpan.FromSeconds(1),
            _ => null,
        };
        if (every is { } period)
            _timer = time.CreateTimer(_ => Tell(), null, period, period);
    }

    public async ValueTask DisposeAsync()
    {
        if (_timer is not null)
            await _timer.DisposeAsync();
        if (_drawsOver)
            _talk.Write("\r\u001b[K");
    }

    private void Tell()
    {
        lock (_recent)
        {
            var now = _engine.Clock.Now;
            _recent.Enqueue((now, _tally.Sent));
            while (_recent.Count > 2 && now - _recent.Peek().At > 5 * Clock.Second)
                _recent.Dequeue();
            var (since, sentThen) = _recent.Peek();
            var rate = now > since ? (_tally.Sent - sentThen) * (double)Clock.Second / (now - since) : 0;
            if (_options.Progress == ProgressMode.Json)
                _talk.WriteLine(Json(rate));
            else if (_drawsOver)
                _talk.Write($"\r{Cut(Text(rate))}\u001b[K");
            else
                _talk.WriteLine($"headgate: {Text(rate)}");
        }
    }

    private string Text(double rate)
    {
        var finished = _tally.Finished + _tally.DoneBefore;
        var parts = new List<string>
        {
            _tally.Total is > 0 and var total ? Words.Invariant($"{Words.Count(finished)} of {Words.Count(total)} ({100.0 * finished / total:0} %)") : Words.Count(finished),
            Words.Invariant($"{rate:#,0.#}/s{(Allowed() is { } allowed ? $" = {Math.Min(rate / allowed, 1.0) * 100:0} % of what is allowed" : "")}"),
            $"{Words.Count(_tally.InFlight)} under way",
        };
        if (_tally.Failed > 0)
            parts.Add($"{Words.Count(_tally.Failed)} failed");
        if (_tally.WaitingFor is { } holding)
            parts.Add($"waiting for {holding}");
        if (Eta(rate) is { } eta)
            parts.Add($"{Words.Time(eta)} left");
        return string.Join(", ", parts);
    }

    private string Json(double rate)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("finished", _tally.Finished + _tally.DoneBefore);
            if (_tally.Total is { } total)
                json.WriteNumber("total", total);
            json.WriteNumber("ok", _tally.Ok);
            json.WriteNumber("failed", _tally.Failed);
            json.WriteNumber("under_way", _tally.InFlight);
            json.WriteNumber("rate", Math.Round(rate, 2));
            if (Allowed() is { } allowed)
                json.WriteNumber("utilisation", Math.Round(rate / allowed, 4));
            if (_tally.WaitingFor is { } holding)
                json.WriteString("waiting_for", holding);
            if (Eta(rate) is { } eta)
                json.WriteNumber("eta", Math.Round(eta / (double)Clock.Second, 1));
            json.WriteEndObject();
        }
        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }

    private long? Eta(double rate) => _tally.Total is { } total && rate > 0 ? (long)((total - _tally.Finished - _tally.DoneBefore) / rate * Clock.Second) : null;

    /// <summary>Requests a second that the limits allow, all APIs together; null where one has none.</summary>
    private double? Allowed()
    {
        double sum = 0;
        foreach (var api in _engine.Upstreams)
        {
            var own = Slowest(api.Scope.Limits);
            var keys = api.Keys?.Keys.Where(key => key.DeadReason is null).Sum(key => Slowest(key.Scope.Limits) ?? double.PositiveInfinity);
            var proxies = api.Proxies?.All.Where(way => !way.Proxy.IsDead).Select(way => way.Scope).Distinct().Sum(exit => Slowest(exit.Limits) ?? double.PositiveInfinity);
            if (Math.Min(own ?? double.PositiveInfinity, Math.Min(keys ?? double.PositiveInfinity, proxies ?? double.PositiveInfinity)) is var rate && double.IsInfinity(rate))
                return Slowest(_engine.Total.Limits);
            sum += rate;
        }
        return Math.Min(sum, Slowest(_engine.Total.Limits) ?? double.PositiveInfinity) is > 0 and < double.PositiveInfinity and var all ? all : null;
    }

    private static double? Slowest(IEnumerable<Limit> limits)
    {
        var rates = limits.Where(limit => limit.Unit == Limit.Requests && limit.Period > TimeSpan.Zero).Select(limit => limit.Amount / limit.Period.TotalSeconds).ToList();
        return rates.Count > 0 ? rates.Min() : null;
    }

    private string Cut(string text) => _terminal.Width - Margin is var room && text.Length <= room ? text : text[..Math.Max(0, room - 1)] + "…";
}
