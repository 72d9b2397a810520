namespace Headgate.Configuration;

/// <summary>What kind of place a value came from; later ones win over earlier ones.</summary>
internal enum ValueSource
{
    Default,
    File,
    Environment,
    Flag,

    /// <summary>Set while the service runs.</summary>
    Override,
}

/// <summary>Where a value came from.</summary>
/// <param name="Source">The kind of place.</param>
/// <param name="Name">The file's path, the variable's name or the flag; empty for a default.</param>
/// <param name="Line">The line in the file, from 1; 0 elsewhere.</param>
/// <param name="Column">The column in the line, from 1; 0 elsewhere.</param>
internal readonly record struct ValueOrigin(ValueSource Source, string Name = "", int Line = 0, int Column = 0)
{
    public static readonly ValueOrigin Default = new(ValueSource.Default);

    public override string ToString() => Source switch
    {
        ValueSource.Default => "default",
        ValueSource.Environment => $"env {Name}",
        _ => Line > 0 ? $"{Name}:{Line}" : Name,
    };
}
