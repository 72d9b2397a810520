using Headgate.Limits;

namespace Headgate.Configuration;

/// <summary>What is known of arrival at the server, and the bound where one is given: <c>bounded:300ms</c>.</summary>
internal readonly record struct TimingChoice(LimitTiming Mode, TimeSpan? Bound = null)
{
    public const string Expects = "a timing: \"guaranteed\", \"bounded\", \"bounded:300ms\" or \"nominal\"";

    public static bool TryParse(string text, out TimingChoice choice)
    {
        var read = LimitSyntax.TryReadTiming(text, out var mode, out var bound) && bound is null or { Ticks: >= TimeSpan.TicksPerMillisecond };
        choice = read ? new TimingChoice(mode, bound) : default;
        return read;
    }

    /// <summary>A limit of an API with this timing, as it is written where another is taken for granted.</summary>
    public Limit Told(Limit limit, TimingChoice usual) => limit.Timing is null && Mode != usual.Mode ? limit with { Timing = Mode } : limit;

    public override string ToString() => LimitSyntax.WriteTiming(Mode, Bound);
}
