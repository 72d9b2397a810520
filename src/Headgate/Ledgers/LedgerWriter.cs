using System.Buffers;
using System.Text.Json;
using Headgate.Time;
using Microsoft.Win32.SafeHandles;

namespace Headgate.Ledgers;

/// <summary>
/// Writes the record of sends. Order: intent, send, result, end. Thread-safe, and locked against a second process for as long as it is open.
/// </summary>
internal sealed class LedgerWriter : IDisposable
{
    private readonly RecordFile _file;
    private long _last;

    private LedgerWriter(string path, SafeFileHandle file, TimeProvider time, long last) => (_file, _last) = (new RecordFile(path, file, time), last);

    public string Path => _file.Path;

    /// <summary>What its records go into.</summary>
    public RecordFile Records => _file;

    /// <summary>Begins a ledger.</summary>
    /// <param name="path">A file that is not there yet.</param>
    /// <param name="header">What the ledger says of itself.</param>
    /// <param name="time">The time, for the 100 ms an end may wait.</param>
    /// <param name="after">The attempts in it have higher numbers than this.</param>
    /// <exception cref="LedgerException">The file is there already, or cannot be made.</exception>
    public static LedgerWriter Create(string path, LedgerHeader header, TimeProvider time, long after = 0)
    {
        var writer = new LedgerWriter(path, Open(path, FileMode.CreateNew), time, after);
        writer.WriteHeader(header);
        return writer;
    }

    /// <summary>
    /// Goes on with a ledger: locks it, reads what is there and cuts off a torn last line. The caller writes the next header before anything else.
    /// </summary>
    /// <param name="path">A file that is there.</param>
    /// <param name="time">The time, for the 100 ms an end may wait.</param>
    /// <param name="past">What the ledger tells. With damage in the middle the caller decides.</param>
    /// <exception cref="LedgerException">The file is held by another process, cannot be read, or is no ledger.</exception>
    public static LedgerWriter Resume(string path, TimeProvider time, out LedgerPast past)
    {
        var file = Open(path, FileMode.Open);
        try
        {
            past = LedgerPast.Read(path);
            if (past.Torn is { } torn)
                RandomAccess.SetLength(file, torn.Offset);
            return new LedgerWriter(path, file, time, past.HighestNumber);
        }
        catch (Exception error)
        {
            file.Dispose();
            if (error is LedgerException or not (IOException or UnauthorizedAccessException))
                throw;
            throw new LedgerException($"{path}: cannot be read: {error.Message}", error) { Path = path };
        }
    }

    /// <summary>Bytes in the file and on the way to it.</summary>
    public long Length => _file.Length;

    /// <summary>The highest number that was given so far.</summary>
    public long LastNumber => Interlocked.Read(ref _last);

    /// <summary>The number of the next attempt.</summary>
    public long NextNumber() => Interlocked.Increment(ref _last);

    public void WriteHeader(LedgerHeader header) => _file.Append(LedgerHeaderJson.Write(header), isThrough: true);

    /// <summary>Records that an attempt is about to be sent. When this returns the record outlives the process.</summary>
    /// <exception cref="LedgerException">It could not be written: the attempt must not be sent.</exception>
    public void WriteIntent(in LedgerIntent intent)
    {
        var line = Utf8Line.Begin()
            .Number("{\"t\":"u8, intent.WallUs)
            .Number(",\"m\":"u8, intent.SentUs)
            .Number(",\"n\":"u8, intent.Number);
        if (intent.Line is { } number)
            line.Number(",\"line\":"u8, number);
        line.Text(",\"id\":"u8, intent.Id).Text(",\"up\":"u8, intent.Upstream).Text(",\"key\":"u8, intent.Key).Text(",\"proxy\":"u8, intent.Proxy)
            .Text(",\"exit\":"u8, intent.Exit).Text(",\"in\":"u8, intent.Parts).Cost(intent.Cost).Raw("}\n"u8);
        _file.Append(line.Bytes, isThrough: true);
    }

    /// <summary>Records what became of an attempt; on its way to the file within 100 ms.</summary>
    /// <exception cref="LedgerException">The file cannot be written.</exception>
    public void WriteEnd(in LedgerEnd end)
    {
        var line = Utf8Line.Begin().Number("{\"n\":"u8, end.Number).Number(",\"end\":"u8, end.EndUs).Number(",\"late\":"u8, end.LateUs);
        if (end.Status != 0)
            line.Number(",\"status\":"u8, end.Status);
        line.Text(",\"class\":"u8, end.Class);
        if (end.Cost is { Length: > 0 } cost)
            line.Raw(",\"cost\":"u8).Costs(cost);
        _file.Append(line.Raw("}\n"u8).Bytes, isThrough: false);
    }

    /// <summary>Records new limits, or a new D; they hold for sends recorded after this.</summary>
    public void WriteLimits(LedgerLimits change)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            LedgerHeaderJson.WriteLimits(json, change.Limits);
            if (change.BoundMs.Count > 0)
                LedgerHeaderJson.WriteBounds(json, change.BoundMs);
            json.WriteNumber("m", change.AtUs);
            json.WriteEndObject();
        }
        bytes.Write("\n"u8);
        _file.Append(bytes.WrittenSpan, isThrough: true);
    }

    /// <summary>Records that our wall clock was set.</summary>
    public void WriteStep(LedgerStep step) =>
        _file.Append(Utf8Line.Begin().Number("{\"step_us\":"u8, step.StepUs).Number(",\"m\":"u8, step.AtUs).Raw("}\n"u8).Bytes, isThrough: true);

    /// <summary>Records what is known of an API's clock; only where a fixed window goes by it.</summary>
    public void WriteServerClock(LedgerServerClock clock) =>
        _file.Append(Utf8Line.Begin().Number("{\"server_us\":"u8, clock.ServerUs).Number(",\"skew_us\":"u8, clock.SkewUs)
            .Text(",\"up\":"u8, clock.Upstream).Number(",\"m\":"u8, clock.AtUs).Raw("}\n"u8).Bytes, isThrough: true);

    /// <summary>Records that a server told of a limit.</summary>
    public void WriteLearned(string scope, string limit, long atUs) =>
        _file.Append(Utf8Line.Begin().Raw("{\"learned\":"u8).Text(limit).Text(",\"scope\":"u8, scope).Number(",\"m\":"u8, atUs).Raw("}\n"u8).Bytes, isThrough: true);

    /// <summary>Writes what waits.</summary>
    public void Flush() => _file.Flush();

    /// <summary>Puts everything on disk, against a power cut; a run calls it each second.</summary>
    /// <exception cref="LedgerException">The disk cannot take it.</exception>
    public void Sync() => _file.Sync();

    public void Dispose() => _file.Dispose();

    private static SafeFileHandle Open(string path, FileMode mode)
    {
        try
        {
            return LockedFile.TryOpenAlone(path, mode) ?? throw Held(path);
        }
        catch (IOException error) when (mode == FileMode.CreateNew && error is not LedgerException && File.Exists(path))
        {
            throw new LedgerException($"{path}: there is a ledger already", error) { Path = path };
        }
        catch (Exception error) when (error is UnauthorizedAccessException or IOException and not LedgerException)
        {
            throw new LedgerException($"{path}: cannot be opened: {error.Message}", error) { Path = path };
        }
    }

    private static LedgerException Held(string path)
    {
        int? pid = null;
        try
        {
            pid = LedgerPast.Read(path).LastHeader?.Pid;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The message does without the process.
        }
        var who = pid is { } known ? $"process {known}" : "another process";
        return new LedgerException($"{path}: {who} is writing this ledger; wait for that run to end, or give this one other results (-o)") { Path = path, IsHeld = true, HeldBy = pid };
    }
}
