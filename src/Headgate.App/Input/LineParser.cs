using System.Text;
using System.Text.Json;
using Headgate.Jobs;

namespace Headgate.App.Input;

/// <summary>Makes an input line of each record, and remembers what one line has to know of the others.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class LineParser(string file, ILineFormat format, bool detectsDuplicates, bool keepsRaw)
{
    private readonly KeyTable _ids = new();
    private ulong _seed; // the hash of a table's header: under other column names a row is another request

    /// <summary>Nothing more can be read: the header of the table is broken.</summary>
    public bool IsFinished => format is CsvFormat { HasBrokenHeader: true };

    /// <summary>The line of a record; null where there is nothing to send.</summary>
    public InputLine? Parse(RecordReader records)
    {
        var record = records.Current.Span;
        var hash = XxHash.Of(record, _seed);
        if (records.IsTooLong)
            return Bad(records, hash, 0, $"the line is longer than {LineSource.MaxLine / (1024 * 1024)} MiB");
        var request = format.Read(record, out var fault);
        if (fault is null && request is null)
        {
            if (format is CsvFormat && !record.IsEmpty && _seed == 0)
                _seed = hash;
            return null;
        }
        if (request?.Id is { } id && detectsDuplicates)
        {
            var first = (uint)records.Line;
            if (!_ids.TryAdd(id, ref first))
                fault = new RequestFault($"id {RequestRules.Quote(id)} was used before, on line {first}", PlaceOf(id, record));
        }
        if (fault is not null)
            return Bad(records, hash, fault.Offset, fault.Message);
        return new InputLine
        {
            Number = records.Line,
            Offset = records.Offset,
            Hash = hash,
            Request = request,
            Raw = keepsRaw ? RawOf(request!, record) : default,
        };
    }

    // Near enough: a value before it may hold the same letters, and one with escapes is not found.
    private static int PlaceOf(string id, ReadOnlySpan<byte> record) => Math.Max(record.IndexOf(Encoding.UTF8.GetBytes(id)), 0);

    private InputLine Bad(RecordReader records, ulong hash, int offset, string message) => new()
    {
        Number = records.Line,
        Offset = records.Offset,
        Hash = hash,
        Error = LineError.At(file, records.Line, records.Current.Span, offset, message),
        Raw = keepsRaw && format is JsonLinesFormat && !records.IsTooLong ? records.Current.ToArray() : default,
    };

    private ReadOnlyMemory<byte> RawOf(JobRequest request, ReadOnlySpan<byte> record)
    {
        if (format is JsonLinesFormat)
            return record.ToArray();
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, ResultRecordWriter.Options))
            JobRequestWriter.Write(writer, request);
        return buffer.ToArray();
    }
}
