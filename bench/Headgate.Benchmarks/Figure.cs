namespace Headgate.Benchmarks;

/// <summary>One figure of a benchmark.</summary>
/// <param name="What">What was measured.</param>
/// <param name="Value">What came out, with its unit.</param>
/// <param name="Hold">What it is to be; null where nothing is promised.</param>
/// <param name="IsHeld">Whether it is; null where nothing is promised or this run was too short to tell.</param>
/// <param name="Decides">Whether a miss fails the benchmark: ratios, bytes and counts do, times of a machine that others share do not.</param>
internal sealed record Figure(string What, string Value, string? Hold = null, bool? IsHeld = null, bool Decides = false);
