namespace Headgate;

/// <summary>What a <see cref="GateLimiter"/> has done since it was made, or since its counts were last begun anew. Immutable.</summary>
public sealed record GateLimiterStatistics
{
    /// <summary>How many asked and were told: <see cref="Allowed"/> and <see cref="Refused"/>. Who still waits or was cancelled is not counted.</summary>
    public long Total => Allowed + Refused;

    /// <summary>How many were let go.</summary>
    public long Allowed { get; internal init; }

    /// <summary>How many were refused: at once, at the end of their time, or because the limiter was disposed.</summary>
    public long Refused { get; internal init; }

    /// <summary>The part of those told that were let go, from 0 to 1; 1 while nobody was told anything.</summary>
    public double SuccessRate => Total == 0 ? 1 : (double)Allowed / Total;

    /// <summary>How long those who were let go had waited, all together.</summary>
    public TimeSpan TotalWait { get; internal init; }

    /// <summary>How long one who was let go had waited, on average; zero while nobody was.</summary>
    public TimeSpan AverageWait => Allowed == 0 ? TimeSpan.Zero : TotalWait / Allowed;

    /// <summary>How many were let go in a second, on average since <see cref="Since"/>.</summary>
    public double ActualRate => Runtime > TimeSpan.Zero ? Allowed / Runtime.TotalSeconds : 0;

    /// <summary>How many wait now.</summary>
    public int Waiting { get; internal init; }

    /// <summary>How many permits could be taken at once now.</summary>
    public long Available { get; internal init; }

    /// <summary>Since when is counted.</summary>
    public DateTimeOffset Since { get; internal init; }

    /// <summary>For how long has been counted.</summary>
    public TimeSpan Runtime { get; internal init; }
}
