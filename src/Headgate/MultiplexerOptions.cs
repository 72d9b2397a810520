using Headgate.Configuration;
using Headgate.Queues;
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

    private int? _keepFinished;
    private TimeSpan? _keepFinishedFor;
    private long? _keepFinishedBytes;

    /// <summary>
    /// The most requests in flight at once altogether, from 1 to 1,000,000; to one API as well, unless <see cref="HeadgateOptions.Concurrency"/>
    /// says otherwise. 100 by default.
    /// </summary>
    public int MaxConcurrency { get; set; } = 100;

    /// <summary>
    /// Where jobs wait, and are kept with what became of them: <c>memory:</c>, the default, where they are gone with the process; or
    /// <c>sqlite:PATH</c>, a database file that outlives it, for one process at a time (the package Headgate.Backends, and its <c>UseSqlite</c>).
    /// </summary>
    public string Queue { get; set; } = Memory;

    /// <summary>
    /// The most jobs that may wait to be begun, from 1; beyond, new ones are refused. 1,000,000 by default. One that waits takes some 600 bytes
    /// beside its body.
    /// </summary>
    public int MaxQueueSize { get; set; } = 1_000_000;

    /// <summary>
    /// How many jobs that have ended can still be asked for, from 0; the oldest are forgotten first. 100,000 by default, 10,000,000 in a file. Those
    /// that have not ended are never forgotten.
    /// </summary>
    public int KeepFinished { get => _keepFinished ?? (IsInFile ? 10_000_000 : 100_000); set => _keepFinished = value; }

    /// <summary>How long jobs that have ended can still be asked for; zero or more. One hour by default, 7 days in a file.</summary>
    public TimeSpan KeepFinishedFor { get => _keepFinishedFor ?? (IsInFile ? TimeSpan.FromDays(7) : TimeSpan.FromHours(1)); set => _keepFinishedFor = value; }

    /// <summary>
    /// How large jobs that have ended may be together, answers included, in bytes, from 0; the newest one is kept whatever its size. 256 MiB by
    /// default, 2 GiB in a file.
    /// </summary>
    public long KeepFinishedBytes { get => _keepFinishedBytes ?? (IsInFile ? 2L << 30 : 256 << 20); set => _keepFinishedBytes = value; }

    /// <summary>Opens the file of a queue that is none in memory, by its path; null where nobody knows how.</summary>
    internal Func<string, TimeProvider, JobFile>? OpenFile { get; set; }

    /// <summary>The file of the queue; null where it is in memory.</summary>
    internal string? File => JobPlace.TryParse(Queue ?? "", out var place, out _) && place.Kind == JobPlaceKind.Sqlite ? place.Path : null;

    private bool IsInFile => File is not null;

    internal override IReadOnlyList<string> FindFaults()
    {
        List<string> wrong = [.. base.FindFaults()];
        if (MaxConcurrency is < 1 or > 1_000_000)
            wrong.Add($"{nameof(MaxConcurrency)} is {MaxConcurrency}: give 1 to 1,000,000");
        if (FaultOfQueue() is { } fault)
            wrong.Add($"{nameof(Queue)}: {fault}");
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

    private string? FaultOfQueue() =>
        !JobPlace.TryParse(Queue ?? "", out var place, out var problem) ? problem
        : place.Kind == JobPlaceKind.Memory ? null
        : place.Path is null ? "say where its file is: \"sqlite:jobs.db\""
        : OpenFile is null ? "SQLite comes with the package Headgate.Backends: add it, and say options.UseSqlite() (using Headgate.Backends)"
        : null;
}
