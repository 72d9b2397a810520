namespace Headgate.Jobs;

/// <summary>What is kept of one attempt of a job.</summary>
/// <param name="At">When its first byte left; if none did, when it was given up.</param>
/// <param name="WasSent">Whether any byte did.</param>
/// <param name="Status">The status of its answer; null where there was none.</param>
/// <param name="After">From its first byte to the headers of the answer, or to when it was given up.</param>
/// <param name="Wait">How long it waited for its permit.</param>
/// <param name="HeldBy">The limit that held it; null if none did.</param>
/// <param name="Key">The name of its key.</param>
/// <param name="Proxy">The name of its proxy.</param>
/// <param name="WasRefused">A limit of the server refused it.</param>
/// <param name="Error">Why it came to nothing; null if it did not.</param>
internal sealed record AttemptNote(DateTimeOffset At, bool WasSent, int? Status, TimeSpan After, TimeSpan Wait, string? HeldBy, string? Key, string? Proxy, bool WasRefused, string? Error);
