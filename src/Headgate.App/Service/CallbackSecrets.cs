using System.Security.Cryptography;
using Headgate.App.CommandLine;

namespace Headgate.App.Service;

/// <summary>
/// The secrets by which callbacks are signed: a file of them, one a line, <c>whsec_</c> and base64, made with the first one. With several each call
/// has a signature of each, so that a new one can be put beside the old until all receivers have it. Thread-safe.
/// </summary>
/// <param name="path">The file.</param>
internal sealed class CallbackSecrets(string path)
{
    public const string FileName = "callback-secrets";

    private const string Prefix = "whsec_";

    /// <summary>Of a new one, in bytes; the specification asks for 24 to 64.</summary>
    private const int Size = 32;

    private readonly Lock _lock = new();
    private (DateTime Written, long Length, IReadOnlyList<byte[]> Secrets)? _read;

    /// <summary>The secrets as they stand in the file now.</summary>
    /// <exception cref="CommandException">The file cannot be read, or a line of it is no secret.</exception>
    public IReadOnlyList<byte[]> Read()
    {
        lock (_lock)
            try
            {
                var file = new FileInfo(path);
                if (!file.Exists)
                    Create();
                file.Refresh();
                if (_read is not { } read || read.Written != file.LastWriteTimeUtc || read.Length != file.Length)
                    _read = read = (file.LastWriteTimeUtc, file.Length, [.. File.ReadLines(path).Select((line, at) => (Line: line.Trim(), At: at + 1)).Where(line => line.Line is not ("" or ['#', ..])).Select(line => Parse(line.Line, line.At))]);
                return read.Secrets.Count > 0 ? read.Secrets : throw new CommandException(ExitCode.Configuration, $"{path} has no secret: delete it, and a new one is made");
            }
            catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
            {
                throw new CommandException(ExitCode.Disk, $"{path}: {wrong.Message}");
            }
    }

    private void Create()
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
        file.Write(System.Text.Encoding.ASCII.GetBytes($"{Prefix}{Convert.ToBase64String(RandomNumberGenerator.GetBytes(Size))}\n"));
    }

    private byte[] Parse(string line, int at)
    {
        var bytes = new byte[line.Length];
        return line.StartsWith(Prefix, StringComparison.Ordinal) && Convert.TryFromBase64String(line[Prefix.Length..], bytes, out var length) && length is >= 24 and <= 64
            ? bytes[..length]
            // The line is not shown: it may be a secret with one letter wrong.
            : throw new CommandException(ExitCode.Configuration, $"{path}:{at}: a secret is {Prefix} and 24 to 64 bytes in base64");
    }
}
