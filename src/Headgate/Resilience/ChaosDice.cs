using Headgate.Configuration;
using Headgate.Time;

namespace Headgate.Resilience;

internal enum ChaosKind : byte
{
    /// <summary>It goes as usual.</summary>
    None,

    /// <summary>It is answered with an error, and never reaches the API.</summary>
    Error,

    /// <summary>Its connection breaks.</summary>
    Reset,
}

/// <summary>What is done to one attempt.</summary>
/// <param name="Kind">What becomes of it.</param>
/// <param name="Status">The status it is answered with, if it is.</param>
/// <param name="Delay">By how much it is delayed before that, in nanoseconds.</param>
internal readonly record struct ChaosFault(ChaosKind Kind, int Status, long Delay);

/// <summary>Decides for each attempt whether it is disturbed, as often as is configured. As thread-safe as its <see cref="Random"/>.</summary>
internal sealed class ChaosDice(ChaosConfiguration chaos, Random random)
{
    /// <summary>Whether it ever does anything.</summary>
    public bool IsOff => chaos == ChaosConfiguration.None;

    /// <summary>One throw for the delay and one for the rest: the two are independent.</summary>
    public ChaosFault Roll()
    {
        var delay = Hits(chaos.Latency.Share) ? Clock.Nanoseconds(chaos.Latency.Length) : 0;
        var face = random.Next(Percentage.Whole.BasisPoints);
        return face < chaos.Errors.Share.BasisPoints ? new ChaosFault(ChaosKind.Error, chaos.Errors.Status, delay)
            : face < chaos.Errors.Share.BasisPoints + chaos.Resets.BasisPoints ? new ChaosFault(ChaosKind.Reset, 0, delay)
            : new ChaosFault(ChaosKind.None, 0, delay);
    }

    private bool Hits(Percentage share) => random.Next(Percentage.Whole.BasisPoints) < share.BasisPoints;
}
