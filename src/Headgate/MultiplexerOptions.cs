using Headgate.Time;

namespace Headgate;

/// <summary>
/// How a <see cref="Multiplexer"/> sends, and how many jobs it takes and keeps: everything that <see cref="HeadgateOptions"/> says, and what
/// stands here.
/// </summary>
/// <remarks>Checked when the multiplexer is made, all errors together, and read only then. Not thread-safe.</remarks>
public sealed class MultiplexerOptions : HeadgateOptions
{
    /// <summary>The queue that is kept in memory, and gone with the process.</summary>
    internal const string Memory = "memory:";

    /// <summary>
    /// The most requests in flight at once altogether, from 1 to 1,000,000; to one API as well, unless <see cref="HeadgateOptions.Concurrency"/>
    /// says otherwise. 100 by default.
    /// </summary>
    public int MaxConcurrency { get; set; } = 100;

    /// <summary>Where jobs wait: <c>memory:</c>, the default and the only one there is; they are gone with the process.</summary>
    public string Queue { get; set; } = Memory;

    /// <summary>
    /// The most jobs that may wait to be begun, from 1; beyond, new ones are refused. 1,000,000 by default. One that waits takes some 600 bytes
    /// beside its body.
    /// </summary>
    public int MaxQueueSize { get; set; } = 1_000_000;

    /// <summary>How many jobs that have ended can still be asked for, from 0; the oldest are forgotten first. 100,000 by default. Those that have not ended are never forgotten.</summary>
    public int KeepFinished { get; set; } = 100_000;

    /// <summary>How long jobs that have ended can still be asked for; zero or more. One hour by default.</summary>
    public TimeSpan KeepFinishedFor { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How large jobs that have ended may be together, answers included, in bytes, from 0; the newest one is kept whatever its size. 256 MiB by default.</summary>
    public long KeepFinishedBytes { get; set; } = 256 << 20;

    internal override IReadOnlyList<string> FindFaults()
    {
        List<string> wrong = [.. base.FindFaults()];
        if (MaxConcurrency is < 1 or > 1_000_000)
            wrong.Add($"{nameof(MaxConcurrency)} is {MaxConcurrency}: give 1 to 1,000,000");
        if (Queue != Memory)
            wrong.Add($"{nameof(Queue)} is \"{Queue}\": there is only \"{Memory}\"");
        if (MaxQueueSize < 1)
            wrong.Add($"{nameof(MaxQueueSize)} is {MaxQueueSize}: give 1 or more");
        if (KeepFinished < 0)
            wrong.Add($"{nameof(KeepFinished)} is {KeepFinished}: give 0 or more");
        if (KeepFinishedFor < TimeSpan.Zero || KeepFinishedFor > Duration.Longest)
            wrong.Add($"{nameof(KeepFinishedFor)} is {KeepFinishedFor}: give zero or more");
        if (KeepFinishedBytes < 0)
            wrong.Add($"{nameof(KeepFinishedBytes)} is {KeepFinishedBytes}: give 0 or more");
        return wrong;
    }
}
