using Headgate.Ledgers;

namespace Headgate.App.Verify;

internal enum AttemptState : byte
{
    /// <summary>Sent, as far as is known, and no end recorded.</summary>
    Unanswered,

    Ended,
}

/// <summary>One attempt of a ledger. Times are microseconds on the one time line of the ledger, whatever boots it spans.</summary>
internal struct Attempt
{
    /// <summary>Not known: it may still come.</summary>
    public const long Never = long.MaxValue;

    public long Number;
    public long Line;
    public long Sent;

    /// <summary>The body was read, or it was given up; of an unanswered one when the next run began, or never.</summary>
    public long End;

    /// <summary>As recorded; of an unanswered one <c>straggle</c> after the next run began, or never.</summary>
    public long Late;

    /// <summary>Our wall clock at the send, less <see cref="Sent"/>.</summary>
    public long WallOffset;

    /// <summary>The declared cost, or the actual where it was settled; null is one request.</summary>
    public UnitCost[]? Cost;

    /// <summary>Index of its <see cref="Lane"/>.</summary>
    public int Lane;

    public AttemptState State;
}

/// <summary>What decides to which limits an attempt belongs.</summary>
/// <param name="Upstream">The API.</param>
/// <param name="Key">The key's name; null without.</param>
/// <param name="KeyIdentity">The key's fingerprint, where the ledger tells it: two names of one secret are one key.</param>
/// <param name="Proxy">The proxy, or the exit that several have in common; null without.</param>
/// <param name="Parts">The parts of the API it counts in, with a space between; null for none.</param>
internal sealed record Lane(string Upstream, string? Key, string? KeyIdentity, string? Proxy, string? Parts);
