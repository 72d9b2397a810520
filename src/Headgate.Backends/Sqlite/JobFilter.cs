using System.Globalization;
using System.Text;
using Headgate.Jobs;
using Headgate.Queues;

namespace Headgate.Backends.Sqlite;

/// <summary>What is looked for, as the end of a WHERE: constants of ours in the text, all that callers say among the values.</summary>
internal sealed class JobFilter
{
    private readonly StringBuilder _text = new();

    public JobFilter(JobSearch search)
    {
        if (search.HasEnded is { } ended)
            _text.Append(ended ? " AND status IS NOT NULL" : " AND status IS NULL");
        if (search.IsOk is { } ok)
            _text.Append(CultureInfo.InvariantCulture, $" AND status IS NOT NULL AND {(ok ? "" : "NOT ")}(status = {(int)JobStatus.Completed} AND IFNULL(class = 0, 0))");
        if (search.IsDead)
            // To the letter as the index has it.
            _text.Append(" AND status IN (6, 7) AND replaced IS NULL");
        if (search.IsLast)
            _text.Append(" AND replaced IS NULL");
        Equal("status", search.Status is { } status ? (int)status : null);
        Equal("class", search.Class is { } failure ? (int)failure : null);
        Equal("api", search.Api);
        Equal("IFNULL(queue, 'default')", search.Queue);
        Equal("tenant", search.Tenant);
        Equal("batch", search.Batch);
        if (search.Tag is { } tag)
            _text.Append(CultureInfo.InvariantCulture, $" AND EXISTS (SELECT 1 FROM json_each(CAST(request AS TEXT), '$.tags') WHERE value = {Add(tag)})");
        if (search.Url is { } url)
            _text.Append(CultureInfo.InvariantCulture, $" AND instr(json_extract(CAST(request AS TEXT), '$.url'), {Add(url)}) > 0");
        if (search.Since is { } since)
            _text.Append(CultureInfo.InvariantCulture, $" AND created >= {Add(since.UtcTicks)}");
        if (search.Until is { } until)
            _text.Append(CultureInfo.InvariantCulture, $" AND created < {Add(until.UtcTicks)}");
        if (search.Before is { } before)
            _text.Append(CultureInfo.InvariantCulture, $" AND seq < (SELECT seq FROM jobs WHERE id = {Add(before)})");
    }

    public string Text => _text.ToString();

    public List<object?> Values { get; } = [];

    /// <summary>Takes a value; its name in the text.</summary>
    public string Add(object value)
    {
        Values.Add(value);
        return string.Create(CultureInfo.InvariantCulture, $"${Values.Count}");
    }

    private void Equal(string what, object? value)
    {
        if (value is not null)
            _text.Append(CultureInfo.InvariantCulture, $" AND {what} = {Add(value)}");
    }
}
