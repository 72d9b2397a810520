using System.Text;
using Headgate.Jobs;

namespace Headgate.App.Input;

/// <summary>What the cells of a column are.</summary>
internal enum CsvColumnKind
{
    Member,
    Header,
    Param,
    Context,
}

/// <summary>A column: for a header, a parameter or an echoed value its name, for a member of a request which one.</summary>
internal readonly record struct CsvColumn(CsvColumnKind Kind, string Name, JobField Field);

/// <summary>Reads the first record of a table.</summary>
internal static class CsvHeader
{
    private const string HeaderPrefix = "header.";
    private const string ParamPrefix = "param.";

    /// <exception cref="RequestFaultException">The names are not those of a table of requests.</exception>
    public static CsvColumn[] Read(CsvCells cells, ReadOnlySpan<byte> record)
    {
        var columns = new CsvColumn[cells.Count];
        for (var i = 0; i < columns.Length; i++)
        {
            columns[i] = Column(Encoding.UTF8.GetString(cells.Value(record, i)).Trim(), cells.Start(i));
            if (columns.AsSpan(0, i).Contains(columns[i]))
                throw new RequestFaultException($"column {RequestRules.Quote(columns[i].Name)} is there twice", cells.Start(i));
        }
        if (!columns.Any(column => column.Field == JobField.Url))
            throw new RequestFaultException(MissingUrl(columns), 0);
        return columns;
    }

    private static CsvColumn Column(string name, int offset)
    {
        if (name.Length == 0)
            throw new RequestFaultException("a column has no name", offset);
        if (name.StartsWith(ParamPrefix, StringComparison.OrdinalIgnoreCase))
            return new(CsvColumnKind.Param, name[ParamPrefix.Length..], JobField.Unknown);
        if (name.StartsWith(HeaderPrefix, StringComparison.OrdinalIgnoreCase))
            return new(CsvColumnKind.Header, HeaderName(name[HeaderPrefix.Length..], offset), JobField.Unknown);
        var field = JobFieldNames.Find(Encoding.UTF8.GetBytes(name.ToLowerInvariant()));
        return field switch
        {
            JobField.Unknown => new(CsvColumnKind.Context, name, field),
            JobField.CustomId => new(CsvColumnKind.Member, JobFieldNames.Of(JobField.Id), JobField.Id),
            JobField.Callback => throw new RequestFaultException("callback works in the service only: here the results are written to a file", offset),
            _ => new(CsvColumnKind.Member, JobFieldNames.Of(field), field),
        };
    }

    private static string HeaderName(string name, int offset)
    {
        try
        {
            HeaderRules.CheckName(name);
            return name.ToLowerInvariant(); // so that header.X and header.x are the same column
        }
        catch (ArgumentException rule)
        {
            throw new RequestFaultException(rule.Message, offset);
        }
    }

    private static string MissingUrl(CsvColumn[] columns)
    {
        if (columns is [{ Name: var single }] && single.IndexOfAny([';', '\t']) is >= 0 and var at)
            return $"no column \"url\": the columns are separated by {(single[at] == ';' ? "semicolons" : "tabs")}, where only commas are read";
        var names = string.Join(", ", columns.Take(8).Select(column => RequestRules.Quote(column.Name)));
        return $"no column \"url\": the first line must name the columns, and it names {names}";
    }
}
