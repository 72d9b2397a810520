namespace Headgate.Ledgers;

/// <summary>Another process sends within the same scope, so both together could go over its limits. The message names the scope, the file and the process.</summary>
public sealed class ScopeHeldException : IOException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">Which scope is held, by whom, and what to do.</param>
    public ScopeHeldException(string message) : base(message) { }

    /// <summary>The scope.</summary>
    public string Scope { get; init; } = "";

    /// <summary>The file that is locked.</summary>
    public string Path { get; init; } = "";

    /// <summary>The process that holds it, if it is known.</summary>
    public int? HeldBy { get; init; }

    /// <summary>Its name, if it is known.</summary>
    public string? ProcessName { get; init; }
}
