using System.Text;
using System.Text.Json;
using Headgate.App.Runs;
using Headgate.Time;

namespace Headgate.App.Distribution;

/// <summary>What a stress test came to.</summary>
/// <param name="Health">How the service was set up.</param>
/// <param name="CallsEach">What each caller asked for.</param>
/// <param name="Took">From the first call to the last answer.</param>
/// <param name="Callers">What became of each.</param>
internal sealed record StressReport(StressHealth Health, int CallsEach, TimeSpan Took, IReadOnlyList<StressCaller> Callers)
{
    public int Successful => Callers.Count(caller => caller.Error is null);

    public long Calls => Callers.Sum(caller => (long)caller.Calls);

    public long GoodCalls => Callers.Sum(caller => (long)caller.Good);

    /// <summary>When the last call can be sent at the earliest, if each key has so many a minute from now on and was never used before.</summary>
    public TimeSpan Bound => Health.Keys * Health.RateLimit is > 0 and var perMinute ? TimeSpan.FromMinutes(Math.Max(0, (long)CallsEach * Callers.Count - 1) / perMinute) : TimeSpan.Zero;

    /// <summary>For people.</summary>
    public void Write(TextWriter output, bool details)
    {
        var times = Callers.Where(caller => caller.Error is null).Select(caller => caller.Took).ToList();
        output.WriteLine($"successful callers   {Successful} of {Callers.Count}");
        output.WriteLine($"failed callers       {Callers.Count - Successful} of {Callers.Count}");
        output.WriteLine($"total time           {Text(Took)}");
        output.WriteLine($"last call not before {(Bound > TimeSpan.Zero ? Text(Bound) : "the first")} ({Health.Keys} {(Health.Keys == 1 ? "key" : "keys")} of {Words.Count(Health.RateLimit)} a minute)");
        if (times.Count > 0)
        {
            output.WriteLine($"per caller           average {Text(times.Aggregate((a, b) => a + b) / times.Count)}, fastest {Text(times.Min())}, slowest {Text(times.Max())}");
            output.WriteLine($"calls                {Words.Count(Calls)}, {Words.Count(GoodCalls)} of them good");
            output.WriteLine(Words.Invariant($"throughput           {Calls / Took.TotalSeconds:#,0.0} calls per second"));
        }
        foreach (var failed in Callers.Where(caller => caller.Error is not null).GroupBy(caller => caller.Error))
            output.WriteLine($"{failed.Count()} failed: {failed.Key}");
        foreach (var caller in details ? Callers : [])
            output.WriteLine(caller.Error is null ? $"caller {caller.Number}: {Text(caller.Took)}, {caller.Calls} calls, {caller.Good} good" : $"caller {caller.Number}: {caller.Error}");
    }

    /// <summary>For programs.</summary>
    public string ToJson(bool details)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text, Headgate.Jobs.ResultRecordWriter.Options))
        {
            var times = Callers.Where(caller => caller.Error is null).Select(caller => caller.Took.TotalSeconds).ToList();
            json.WriteStartObject();
            json.WriteString("mode", Health.Mode);
            json.WriteNumber("callers", Callers.Count);
            json.WriteNumber("successful", Successful);
            json.WriteNumber("failed", Callers.Count - Successful);
            json.WriteNumber("total_time", Math.Round(Took.TotalSeconds, 3));
            json.WriteNumber("bound", Math.Round(Bound.TotalSeconds, 3));
            json.WriteNumber("average", times.Count == 0 ? 0 : Math.Round(times.Average(), 3));
            json.WriteNumber("fastest", times.Count == 0 ? 0 : Math.Round(times.Min(), 3));
            json.WriteNumber("slowest", times.Count == 0 ? 0 : Math.Round(times.Max(), 3));
            json.WriteNumber("calls", Calls);
            json.WriteNumber("good_calls", GoodCalls);
            json.WriteNumber("calls_per_second", Math.Round(Calls / Took.TotalSeconds, 3));
            if (details)
                WriteCallers(json);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(text.ToArray());
    }

    private void WriteCallers(Utf8JsonWriter json)
    {
        json.WriteStartArray("each");
        foreach (var caller in Callers)
        {
            json.WriteStartObject();
            json.WriteNumber("caller", caller.Number);
            json.WriteNumber("time", Math.Round(caller.Took.TotalSeconds, 3));
            json.WriteNumber("calls", caller.Calls);
            json.WriteNumber("good_calls", caller.Good);
            json.WriteString("error", caller.Error);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static string Text(TimeSpan time) => Words.Time(Clock.Nanoseconds(time));
}
