namespace Headgate.App.Input;

/// <summary>A file cannot be read at all: it is not there, not allowed, broken as a whole. The message names it and says what to do.</summary>
internal sealed class InputException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>The same failure of the system in words for the one who typed the name.</summary>
    public static InputException From(string path, Exception cause) => new(cause switch
    {
        FileNotFoundException or DirectoryNotFoundException => $"{path} does not exist",
        UnauthorizedAccessException when Directory.Exists(path) => $"{path} is a directory, not a file",
        UnauthorizedAccessException => $"{path} cannot be read: permission denied",
        InvalidDataException => $"{path} is damaged: its gzip data cannot be unpacked ({cause.Message.TrimEnd('.')})",
        _ => $"{path} cannot be read: {cause.Message}",
    }, cause);
}
