namespace Headgate.Ledgers;

/// <summary>A ledger or state file cannot be written, read or locked. The message names the file, what happened and what to do.</summary>
public sealed class LedgerException : IOException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What happened, to which file, and what to do.</param>
    /// <param name="inner">What the system said, if it was the system.</param>
    public LedgerException(string message, Exception? inner = null) : base(message, inner) { }

    /// <summary>The file.</summary>
    public string Path { get; init; } = "";

    /// <summary>Whether another process is writing the file; not a fault of the file.</summary>
    public bool IsHeld { get; init; }

    /// <summary>The process that is writing the file, if that is why and if it is known.</summary>
    public int? HeldBy { get; init; }
}
