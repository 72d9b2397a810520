using System.Text;

namespace Headgate.App.Demo;

/// <summary>Writes lines a little to the right.</summary>
internal sealed class Indented(TextWriter inner) : TextWriter
{
    private bool _isInLine;

    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value)
    {
        if (!_isInLine && value is not ('\n' or '\r'))
            inner.Write("  ");
        _isInLine = value is not '\n';
        inner.Write(value);
    }
}
