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

    public override string ToString() => LimitSyntax.WriteTiming(Mode, Bound);
}
