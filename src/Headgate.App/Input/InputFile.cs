using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Headgate.Retries;

namespace Headgate.App.Input;

/// <summary>What a file of requests is made of.</summary>
internal enum InputFormat
{
    JsonLines,
    Csv,
    UrlList,
}

/// <summary>An opened file of requests, or standard input (<c>-</c>): unpacked, its byte order mark taken off, its format known.</summary>
internal sealed class InputFile : IAsyncDisposable
{
    private const int Peeked = 4096;

    /// <summary>How a file is opened that others may be writing, to be read once from its beginning in large pieces.</summary>
    public static readonly FileStreamOptions Options = new()
    {
        Share = FileShare.ReadWrite | FileShare.Delete,
        BufferSize = 0,
        Options = FileOptions.Asynchronous | FileOptions.SequentialScan,
    };

    private readonly Stream _stream;

    // Otherwise the runtime takes a packed file that was cut off for a shorter one, and the lines behind the cut would be lost unseen.
    static InputFile() => AppContext.SetSwitch("System.IO.Compression.UseStrictValidation", true);

    private InputFile(string name, Stream stream, InputFormat format, bool canReadTwice) =>
        (Name, _stream, Format, CanReadTwice) = (name, stream, format, canReadTwice);

    /// <summary>What to call it in messages.</summary>
    public string Name { get; }

    public InputFormat Format { get; }

    /// <summary>Whether the same path can be opened again from its beginning: a file, and not a pipe or standard input.</summary>
    public bool CanReadTwice { get; }

    /// <summary>The unpacked bytes, from their beginning.</summary>
    public Stream Content => _stream;

    /// <summary>Opens a file, or standard input for <c>-</c>.</summary>
    /// <param name="path">The path, or <c>-</c>.</param>
    /// <param name="wrap">Put around the bytes as they lie on the disk, before they are unpacked; null for nothing.</param>
    /// <param name="cancellation">Stops the reading of the first bytes.</param>
    /// <exception cref="InputException">It cannot be read.</exception>
    public static async Task<InputFile> OpenAsync(string path, Func<Stream, Stream>? wrap = null, CancellationToken cancellation = default)
    {
        var name = path == "-" ? "standard input" : path;
        var raw = path == "-" ? Console.OpenStandardInput() : await OpenRawAsync(path, cancellation);
        try
        {
            return await OpenAsync(name, path, wrap is null ? raw : wrap(raw), path != "-" && raw.CanSeek, cancellation);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            await raw.DisposeAsync();
            throw InputException.From(name, failure);
        }
        catch
        {
            await raw.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private static async Task<InputFile> OpenAsync(string name, string path, Stream raw, bool canReadTwice, CancellationToken cancellation)
    {
        var fileName = Path.GetFileName(path);
        var (stream, first) = await PeekAsync(raw, cancellation);
        var suffix = fileName.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? fileName[..^3] : fileName;
        if (first.Span is [0x1F, 0x8B, ..])
            (stream, first) = await PeekAsync(new GZipStream(stream, CompressionMode.Decompress), cancellation);
        else if (suffix.Length < fileName.Length && first.Length > 0)
            throw new InputException($"{name} ends in .gz but is not gzip: rename it, or pack it");
        if (first.Span is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..])
            throw new InputException($"{name} is UTF-16: save it as UTF-8");
        return new InputFile(name, stream, BySuffix(suffix) ?? ByFirstByte(first.Span), canReadTwice);
    }

    private static InputFormat? BySuffix(string name) => Path.GetExtension(name).ToLowerInvariant() switch
    {
        ".jsonl" or ".ndjson" or ".json" => InputFormat.JsonLines,
        ".csv" => InputFormat.Csv,
        ".txt" or ".urls" => InputFormat.UrlList,
        _ => null,
    };

    private static InputFormat ByFirstByte(ReadOnlySpan<byte> first)
    {
        var text = first.TrimStart(" \t\r\n"u8);
        return text is [(byte)'{' or (byte)'[', ..] ? InputFormat.JsonLines : IsTableHead(text) ? InputFormat.Csv : InputFormat.UrlList;
    }

    /// <summary>Whether a text begins with the names of columns, url among them, as no list of URLs does.</summary>
    private static bool IsTableHead(ReadOnlySpan<byte> text)
    {
        var end = text.IndexOfAny((byte)'\r', (byte)'\n');
        var head = end < 0 ? text : text[..end];
        foreach (var column in head.Split((byte)','))
            if (Ascii.EqualsIgnoreCase(head[column].Trim(" \t\""u8), "url"u8))
                return true;
        return false;
    }

    // Elsewhere, so that it can be left: the system lets whoever opens a pipe wait until somebody writes to it.
    private static async Task<FileStream> OpenRawAsync(string path, CancellationToken cancellation)
    {
        try
        {
            return await Task.Run(() => new FileStream(path, Options), CancellationToken.None).WaitAsync(cancellation);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw InputException.From(path, failure);
        }
    }

    // Looks at the first bytes and puts them back, without the mark that some editors begin UTF-8 with.
    private static async Task<(Stream Stream, ReadOnlyMemory<byte> First)> PeekAsync(Stream stream, CancellationToken cancellation)
    {
        var buffer = new byte[Peeked];
        var count = await stream.ReadAtLeastAsync(buffer, 4, throwOnEndOfStream: false, cancellation).AsTask().WaitAsync(cancellation);
        var first = buffer.AsMemory(0, count);
        if (first.Span.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
            first = first[3..];
        return (new PrefixedStream(first, stream), first);
    }
}
