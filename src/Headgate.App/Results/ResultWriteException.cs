namespace Headgate.App.Results;

/// <summary>Results cannot be written (disk full, reader gone): the run must stop, since what it sends now would be lost.</summary>
internal sealed class ResultWriteException(string file, Exception cause) : Exception($"{file} cannot be written: {cause.Message}", cause)
{
    /// <summary>The file, as it was named.</summary>
    public string File { get; } = file;
}
