using System.Text;
using System.Text.Json;
using Headgate.Jobs;

namespace Headgate.App.Input;

/// <summary>
/// A table (RFC 4180). The first record names the columns: a column with the name of a member of a request is that member,
/// <c>header.X</c> and <c>param.X</c> are headers and parameters, all others are echoed in <c>context</c>. An empty cell of
/// a member, a header or a parameter is as if it were not there.
/// </summary>
internal sealed class CsvFormat(JobRequestReader reader) : ILineFormat
{
    private readonly CsvCells _cells = new();
    private CsvColumn[]? _columns;

    public JobRequest? Read(ReadOnlySpan<byte> record, out RequestFault? fault)
    {
        fault = null;
        if (record.TrimStart(" \t"u8).IsEmpty)
            return null;
        var place = 0;
        try
        {
            _cells.Split(record);
            if (_columns is not null)
                return ReadRow(record, ref place);
            _columns = CsvHeader.Read(_cells, record);
            return null;
        }
        catch (RequestFaultException wrong)
        {
            fault = wrong.Fault;
        }
        catch (ArgumentException rule)
        {
            fault = new RequestFault(rule.Message, place);
        }
        _columns ??= []; // a header that cannot be read ends the table: see HasBrokenHeader
        return null;
    }

    /// <summary>The names of the columns could not be read, so that no row can be.</summary>
    public bool HasBrokenHeader => _columns is { Length: 0 };

    private JobRequest ReadRow(ReadOnlySpan<byte> record, ref int place)
    {
        if (_cells.Count != _columns!.Length)
            throw new RequestFaultException($"{_cells.Count} values where the header names {_columns.Length} columns", 0);
        var request = new JobRequest();
        var extras = default(Utf8JsonWriter);
        using var context = new MemoryStream();
        for (var i = 0; i < _columns.Length; i++)
        {
            var column = _columns[i];
            var cell = _cells.Value(record, i);
            place = _cells.Start(i);
            if (column.Kind == CsvColumnKind.Context)
                Echo(ref extras, context, column.Name, cell);
            else if (!cell.IsEmpty)
                SetMember(request, column, cell);
        }
        place = 0;
        Finish(request, extras, context);
        return request;
    }

    private void SetMember(JobRequest request, CsvColumn column, ReadOnlySpan<byte> cell)
    {
        switch (column.Kind)
        {
            case CsvColumnKind.Header:
                request.Headers[column.Name] = Encoding.UTF8.GetString(cell);
                break;
            case CsvColumnKind.Param:
                request.Params[column.Name] = Encoding.UTF8.GetString(cell);
                break;
            default:
                reader.SetFromCell(request, column.Field, cell);
                break;
        }
    }

    private static void Echo(ref Utf8JsonWriter? extras, MemoryStream context, string name, ReadOnlySpan<byte> cell)
    {
        if (extras is null)
        {
            extras = new Utf8JsonWriter(context, ResultRecordWriter.Options);
            extras.WriteStartObject();
        }
        extras.WriteString(name, cell);
    }

    private static void Finish(JobRequest request, Utf8JsonWriter? extras, MemoryStream context)
    {
        if (request.ParsedUrl is null)
            throw new ArgumentException("url is empty");
        if (extras is not null)
        {
            if (request.Context is { } given)
            {
                if (given.ValueKind != JsonValueKind.Object)
                    throw new ArgumentException("context must be a JSON object where other columns are echoed too");
                foreach (var member in given.EnumerateObject())
                    RawJson.Write(member.WriteTo, extras);
            }
            extras.WriteEndObject();
            extras.Dispose();
            request.RawContext = context.ToArray();
        }
        if (JobRequestReader.Complaint(request) is { } complaint)
            throw new ArgumentException(complaint);
    }
}
