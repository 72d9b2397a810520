using System.Buffers;
using System.Net;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Headgate.App.Security;

/// <summary>
/// Who changed what, when, and from where: a JSON line for each change, in <c>audit.log</c> of the data directory. Never a secret. Each line
/// opens the file by its name, so that it can be rotated, and other processes write to it too. Thread-safe.
/// </summary>
/// <param name="path">The file; made with the first line, for its owner alone.</param>
/// <param name="time">Says when.</param>
/// <param name="notice">Told when a line cannot be written; what it tells of has happened all the same.</param>
internal sealed class AuditLog(string path, TimeProvider time, Action<string> notice)
{
    public const string FileName = "audit.log";

    /// <summary>Another process is at it for no longer than a line takes.</summary>
    private const int MostTries = 1000;

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Lock _lock = new();
    private bool _isFailing;

    /// <summary>Writes down what a call has changed.</summary>
    /// <param name="context">The call.</param>
    /// <param name="action">What was done: a noun and a verb, such as <c>job.cancel</c>.</param>
    /// <param name="subject">To what: a name or an id.</param>
    /// <param name="details">What else there is to know, by name; never a secret.</param>
    public void Write(HttpContext context, string action, string subject, params ReadOnlySpan<(string Name, string? Value)> details) =>
        Write(Caller.Of(context).Name ?? "anybody", context.Connection.RemoteIpAddress, action, subject, details);

    /// <summary>Writes down what was changed by a command on this machine.</summary>
    public void WriteLocal(string action, string subject, params ReadOnlySpan<(string Name, string? Value)> details) =>
        Write($"user {Environment.UserName}", null, action, subject, details);

    private void Write(string who, IPAddress? from, string action, string subject, ReadOnlySpan<(string Name, string? Value)> details)
    {
        var line = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(line, Options))
        {
            json.WriteStartObject();
            json.WriteString("at", time.GetUtcNow().UtcDateTime);
            json.WriteString("who", who);
            json.WriteString("from", from is null ? "this machine" : from.IsIPv4MappedToIPv6 ? from.MapToIPv4().ToString() : from.ToString());
            json.WriteString("action", action);
            json.WriteString("subject", subject);
            foreach (var (name, value) in details)
                json.WriteString(name, value);
            json.WriteEndObject();
        }
        line.Write("\n"u8);
        lock (_lock)
            AppendNeedsLock(line.WrittenSpan);
    }

    private void AppendNeedsLock(ReadOnlySpan<byte> line)
    {
        try
        {
            DataDirectory.Make(Path.GetDirectoryName(path)!);
            using var file = Open();
            // A line that was cut off, by a full disk or a death, must not take the next one with it.
            if (file.Seek(0, SeekOrigin.End) > 0)
            {
                file.Seek(-1, SeekOrigin.End);
                if (file.ReadByte() != '\n')
                    file.WriteByte((byte)'\n');
            }
            file.Write(line);
            _isFailing = false;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CommandLine.CommandException)
        {
            if (!_isFailing)
                notice($"{path}: changes cannot be written down: {failure.Message}");
            _isFailing = true;
        }
    }

    private FileStream Open()
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        for (var tries = 1; ; tries++)
            try
            {
                return new FileStream(path, options);
            }
            catch (IOException failure) when (tries < MostTries && failure is not (FileNotFoundException or DirectoryNotFoundException or PathTooLongException))
            {
                Thread.Yield();
            }
    }
}
