using System.Text;

namespace Headgate.App.Verify;

/// <summary>The rows of a table and their ids (RFC 4180): a row may hold line ends within quotes, and is known by the line where it begins.</summary>
internal sealed class CsvIds
{
    private readonly StringBuilder _row = new();
    private long _rowLine;
    private int _idColumn = -2;
    private bool _isOpen; // within quotes
    private int _closedAt = -2; // where in the line the last quote closed

    /// <summary>Adds a line; the row that it ends, if it ends one that holds a request.</summary>
    public (long Line, string? Id)? Add(ReadOnlySpan<byte> line, long number)
    {
        if (_row.Length == 0)
            _rowLine = number;
        else
            _row.Append('\n');
        var text = Encoding.UTF8.GetString(line);
        _row.Append(text);
        PassQuotes(text);
        return _isOpen ? null : End();
    }

    /// <summary>The row at the end of the file, if there is one.</summary>
    public (long Line, string? Id)? End()
    {
        var text = _row.ToString();
        _row.Clear();
        _isOpen = false;
        if (string.IsNullOrWhiteSpace(text))
            return null;
        var cells = Cells(text);
        if (_idColumn == -2)
        {
            _idColumn = cells.FindIndex(name => name is "id" or "custom_id");
            return null;
        }
        return (_rowLine, _idColumn >= 0 && _idColumn < cells.Count && cells[_idColumn].Length > 0 ? cells[_idColumn] : null);
    }

    // Line by line: a quote that is never closed makes one row of a whole file.
    private void PassQuotes(string line)
    {
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] != '"')
                continue;
            // A quote opens at the beginning of a cell only; a doubled one inside closes and opens again.
            if (_isOpen)
                (_isOpen, _closedAt) = (false, i);
            else
                _isOpen = i == 0 || line[i - 1] == ',' || _closedAt == i - 1;
        }
        _closedAt = -2;
    }

    private static List<string> Cells(string row)
    {
        var cells = new List<string>();
        for (var i = 0; i <= row.Length; i++)
        {
            var cell = new StringBuilder();
            if (i < row.Length && row[i] == '"')
            {
                for (i++; i < row.Length && (row[i] != '"' || (i + 1 < row.Length && row[i + 1] == '"')); i++)
                {
                    if (row[i] == '"')
                        i++;
                    cell.Append(row[i]);
                }
                i++;
            }
            for (; i < row.Length && row[i] != ','; i++)
                cell.Append(row[i]);
            cells.Add(cell.ToString().Trim());
        }
        return cells;
    }
}
