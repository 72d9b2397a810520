using System.Text.Json;
using Headgate.App.Input;

namespace Headgate.App.Results;

/// <summary>Makes a results file whole again: after a kill its last line may be torn, after a retry some lines are replaced.</summary>
internal static class ResultRepair
{
    private const int Chunk = 64 * 1024;

    /// <summary>
    /// Cuts off a last line that was not written to its end; one that lacks nothing but its line end gets it. Says how many bytes were
    /// cut off.
    /// </summary>
    /// <exception cref="InputException">The file cannot be read or written.</exception>
    public static long MendTail(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            var whole = EndOfLastLine(file);
            var tail = file.Length - whole;
            if (tail == 0)
                return 0;
            if (IsWhole(file, whole))
            {
                file.Seek(0, SeekOrigin.End);
                file.WriteByte((byte)'\n');
                file.Flush(flushToDisk: true);
                return 0;
            }
            file.SetLength(whole);
            file.Flush(flushToDisk: true);
            return tail;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw InputException.From(path, failure);
        }
    }

    /// <summary>
    /// Leaves of each line its last result. Into a new file that then takes the place of the old one: whenever it is killed, one of the
    /// two is there, whole. Says how many results were dropped.
    /// </summary>
    /// <exception cref="InputException">The file cannot be read.</exception>
    /// <exception cref="ResultWriteException">The new one cannot be written.</exception>
    public static async Task<long> DropReplacedAsync(string path, CancellationToken cancellation = default)
    {
        var index = await ResultIndex.ReadAsync(path, cancellation);
        if (index.Replaced == 0)
            return 0;
        var target = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        var next = target + ".new";
        File.Delete(next); // of a process that was killed here
        using (var sink = new FileSink(next))
        {
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(next, File.GetUnixFileMode(target));
            await CopyLastAsync(target, index, sink, cancellation);
            sink.Sync();
        }
        File.Move(next, target, overwrite: true);
        return index.Replaced;
    }

    private static async Task CopyLastAsync(string path, ResultIndex index, FileSink sink, CancellationToken cancellation)
    {
        using var batch = new MemoryStream();
        await using var file = new FileStream(path, InputFile.Options);
        using var records = new RecordReader(file, ResultIndex.MaxLine);
        while (await records.MoveNextAsync(cancellation))
        {
            if (records.Current.Span.TrimStart(" \t"u8).IsEmpty)
                continue;
            ResultEntry.Read(records.Current.Span, records.Offset, out var key);
            if (!index.IsLast(key, records.Offset))
                continue;
            batch.Write(records.Current.Span);
            batch.WriteByte((byte)'\n');
            if (batch.Length > 16 * Chunk)
                Flush(batch, sink);
        }
        Flush(batch, sink);
    }

    private static void Flush(MemoryStream batch, FileSink sink)
    {
        sink.Write(batch.GetBuffer().AsSpan(0, (int)batch.Length));
        batch.SetLength(0);
    }

    private static long EndOfLastLine(FileStream file)
    {
        var buffer = new byte[Chunk];
        for (var end = file.Length; end > 0;)
        {
            var start = Math.Max(0, end - Chunk);
            file.Seek(start, SeekOrigin.Begin);
            var part = buffer.AsSpan(0, (int)(end - start));
            file.ReadExactly(part);
            if (part.LastIndexOf((byte)'\n') is >= 0 and var at)
                return start + at + 1;
            end = start;
        }
        return 0;
    }

    private static bool IsWhole(FileStream file, long start)
    {
        if (file.Length - start > ResultIndex.MaxLine)
            return false;
        var tail = new byte[file.Length - start];
        file.Seek(start, SeekOrigin.Begin);
        file.ReadExactly(tail);
        try
        {
            ResultEntry.Read(tail, start, out _);
            return true;
        }
        catch (Exception torn) when (torn is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}
