using System.Buffers;
using Headgate.Jobs;

namespace Headgate.App.Formats;

/// <summary>Writes results as another program has them, one after the other.</summary>
internal interface IResultFormat
{
    /// <summary>What stands before the first.</summary>
    void Begin(IBufferWriter<byte> output);

    /// <exception cref="RequestFaultException">It cannot be written so; what is written of it already is thrown away.</exception>
    void Write(ExportedLine result, IBufferWriter<byte> output);

    /// <summary>What stands behind the last.</summary>
    void End(IBufferWriter<byte> output);
}

/// <summary>Writes requests as another program has them: what it does with a line that was never sent.</summary>
internal interface IRequestWriter
{
    /// <exception cref="RequestFaultException">It cannot be written so; what is written of it already is thrown away.</exception>
    void Write(JobRequest request, IBufferWriter<byte> output);
}
