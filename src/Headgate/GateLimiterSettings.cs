using Headgate.Limits;
using Headgate.Time;

namespace Headgate;

/// <summary>What a <see cref="GateLimiter"/> and a <see cref="GateLimiter{TKey}"/> have in common beside their limits.</summary>
public abstract class GateLimiterSettings
{
    private protected GateLimiterSettings() { }

    /// <summary>How many may wait at once, of a limiter of keys for each key, from 0 (nobody: whoever cannot go at once is refused). <see cref="int.MaxValue"/> by default.</summary>
    public int QueueLimit { get; set; } = int.MaxValue;

    /// <summary>
    /// What is known of the moment at which what was let go arrives. <see cref="LimitTiming.Nominal"/> by default: it counts from the grant.
    /// With <see cref="LimitTiming.Guaranteed"/> it counts from the end of its lease, with <see cref="LimitTiming.Bounded"/> from there
    /// or from <see cref="Bound"/> after the grant, whichever is sooner. A limit that names a timing itself keeps to that.
    /// </summary>
    public LimitTiming Timing { get; set; } = LimitTiming.Nominal;

    /// <summary>With <see cref="LimitTiming.Bounded"/>, how long after its grant something arrives at the latest; more than zero. 250 ms by default.</summary>
    public TimeSpan Bound { get; set; } = new(ArrivalTerms.LeastBound / 100);

    /// <summary>
    /// How much later than the disposal of its lease something may still arrive, unless <see cref="GateLease.Commit(long)"/> said that it
    /// was answered; zero or more. Zero by default. Without effect with nominal timing, but for places in flight (<c>10 concurrent</c>).
    /// </summary>
    public TimeSpan Straggle { get; set; } = TimeSpan.Zero;

    /// <summary>
    /// The latest end of a lease that nobody ended, counted from its grant; more than zero. 30 s by default. A place in flight
    /// (<c>10 concurrent</c>) is held until its lease ends, however long that takes.
    /// </summary>
    public TimeSpan MaxHold { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Where time comes from. <see cref="TimeProvider.System"/> by default; a <see cref="VirtualTime"/> in tests.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>What the limiter is called in reasons for a refusal. <c>limiter</c> by default.</summary>
    public string Name { get; set; } = "limiter";

    /// <exception cref="ArgumentException">Something is out of its range; the message names everything that is.</exception>
    internal void Validate(string parameter)
    {
        List<string> wrong = [];
        Check(wrong);
        if (QueueLimit < 0)
            wrong.Add($"{nameof(QueueLimit)} is {QueueLimit}: give 0 or more");
        if (!Enum.IsDefined(Timing))
            wrong.Add($"{nameof(Timing)} is {Timing}: give Nominal, Bounded or Guaranteed");
        if (Bound <= TimeSpan.Zero || Bound > Duration.Longest)
            wrong.Add($"{nameof(Bound)} is {Bound}: give more than zero");
        if (Straggle < TimeSpan.Zero || Straggle > Duration.Longest)
            wrong.Add($"{nameof(Straggle)} is {Straggle}: give zero or more");
        if (MaxHold <= TimeSpan.Zero || MaxHold > Duration.Longest)
            wrong.Add($"{nameof(MaxHold)} is {MaxHold}: give more than zero");
        if (TimeProvider is null)
            wrong.Add($"{nameof(TimeProvider)} is null");
        if (string.IsNullOrWhiteSpace(Name))
            wrong.Add($"{nameof(Name)} is empty");
        if (wrong.Count > 0)
            throw new ArgumentException(string.Join("; ", wrong), parameter);
    }

    /// <summary>As it is now, whatever becomes of it later.</summary>
    internal GateLimiterSettings Copy() => (GateLimiterSettings)MemberwiseClone();

    /// <summary>Adds what else is out of its range.</summary>
    private protected virtual void Check(List<string> wrong) { }
}
